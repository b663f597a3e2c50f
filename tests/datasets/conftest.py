"""A small MLflow database, a model, and a clock that a test may set."""

from pathlib import Path

import mlflow
import pytest

from kigezi.datasets import mlflow_runs, mlflow_server
from kigezi.datasets.mlflow_server import Server


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated database: making one takes seconds."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def server(database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """An experiment of its own in the session's database."""
    monkeypatch.setattr(mlflow_runs, "_SETTLE", 0)
    return Server(
        f"sqlite:///{database}", tmp_path.name, (tmp_path / "artifacts").as_uri()
    )


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole model of 32 px and two classes."""
    import keras

    path = tmp_path_factory.mktemp("model") / "model.keras"
    image = keras.Input((32, 32, 3), dtype="uint8")
    answer = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(image))
    keras.Model(image, answer).save(path)
    return path


class Clock:
    """Time that passes when a test says so."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which a server is left alone for a while."""
    clock = Clock()
    monkeypatch.setattr(mlflow_server, "time", clock)
    return clock


def begin_new_process() -> None:
    """Forget what this process knows of servers."""
    mlflow_server._connections.clear()
