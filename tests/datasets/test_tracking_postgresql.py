"""A team's server: MLflow's on PostgreSQL, with several workers at once."""

import math
import subprocess
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from kigezi.datasets.mlflow_server import Server
from tests.conftest import make_trial
from tests.servers import (
    MlflowServer,
    mlflow_server,
    postgresql,
    postgresql_programs,
)
from tests.tracked import assert_complete, points_of, runs_in, start_tracking, track

pytest.importorskip("pg8000", reason="pip install -e '.[server]'")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        postgresql_programs() is None, reason="PostgreSQL is not installed"
    ),
]
WORKERS = 4
EACH = 3


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    folder = tmp_path_factory.mktemp("team")
    with (
        postgresql() as database,
        mlflow_server(folder, database) as server,
    ):
        yield server


def test_four_workers_at_once(running: MlflowServer) -> None:
    server = Server(running.uri, "workers", None)
    names = [
        [f"{worker}{number}" for number in range(EACH)] for worker in "abcd"[:WORKERS]
    ]
    processes: list[subprocess.Popen[str]] = [
        start_tracking(server, ",".join(mine)) for mine in names
    ]
    for process in processes:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
        assert said == ""
    everyone = sorted(name for mine in names for name in mine)
    assert_complete(server, *everyone)
    client = mlflow.MlflowClient(server.uri)
    for run in runs_in(server)[:-1]:
        files = [file.path for file in client.list_artifacts(run.info.run_id)]
        assert files == ["curves.png"]


def test_figures_that_are_no_numbers(running: MlflowServer) -> None:
    server = Server(running.uri, "numbers", None)
    for variant, loss in (("a", math.inf), ("b", math.nan), ("c", 0.5)):
        for _ in range(2):
            track(server, make_trial(variant, 0.9, loss=loss))
    *runs, _ = runs_in(server)
    losses = [run.data.metrics["validation_loss"] for run in runs]
    assert losses == [pytest.approx(math.nan, nan_ok=True)] * 2 + [0.5]
    assert [len(points_of(server, run, "epoch_train_loss")) for run in runs] == [2] * 3
    client = mlflow.MlflowClient(server.uri)
    for order in ("ASC", "DESC"):
        sorted_runs = client.search_runs(
            [runs[0].info.experiment_id],
            order_by=[f"metrics.validation_loss {order}"],
        )
        assert sorted_runs[0].info.run_name == "freeze/c"


def test_a_model_arrives_on_the_server(running: MlflowServer, model: Path) -> None:
    server = Server(running.uri, "models", None)
    track(server, make_trial("a", 0.9), model)
    track(server, make_trial("b", 0.9), model)
    first, second, _ = runs_in(server)
    assert second.data.tags["trained_in"] == "freeze/a"
    (output,) = first.outputs.model_outputs
    mlflow.set_tracking_uri(server.uri)
    loaded = mlflow.keras.load_model(f"models:/{output.model_id}")
    assert loaded.output_shape == (None, 2)


@pytest.mark.parametrize(
    "host", ["evil.com", "10.evil.com", "192.168.evil.com", "172.16.evil.com"]
)
def test_other_names_are_not_answered(running: MlflowServer, host: str) -> None:
    assert running.answers(path="/")
    assert not running.answers(host, "/")
