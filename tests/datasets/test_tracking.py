import logging
from pathlib import Path
from typing import Any

import keras
import matplotlib.figure
import mlflow.keras
import pytest
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from kigezi.datasets.tracking import Server, Tracking, TrackingDataset
from kigezi.records import Trial
from tests.conftest import make_assignment, make_trial

FINAL = {
    "train_accuracy": 0.45,
    "validation_accuracy": 0.9,
    "test_accuracy": 0.225,
    "train_loss": 0.5,
    "validation_loss": 0.5,
    "test_loss": 0.5,
    "best_epoch": 2,
    "epochs": 2,
    "trained_weights": 10,
    "seconds_per_epoch": 1,
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated database: making one takes seconds."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def server(database: Path, tmp_path: Path) -> Server:
    """An experiment of its own in the module's database."""
    return Server(
        f"sqlite:///{database}", tmp_path.name, (tmp_path / "artifacts").as_uri()
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.keras"
    image = keras.Input((32, 32, 3), dtype="uint8")
    answer = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(image))
    keras.Model(image, answer).save(path)
    return path


def _runs(server: Server) -> list[Run]:
    client = mlflow.MlflowClient(server.uri)
    experiment = client.get_experiment_by_name(server.experiment)
    found = client.search_runs([experiment.experiment_id]) if experiment else []
    return sorted(found, key=lambda run: run.info.run_name)


def _finish(server: Server, trial: Trial, model: Path) -> None:
    """What `train_variant` does around a training."""
    result = trial.result
    run = Tracking(server, "study").begin(result.assignment, result.dataset, result.key)
    for epoch in result.history:
        run.epoch(epoch)
    run.finish(trial, lambda: {"curves.png": matplotlib.figure.Figure()}, model)


def _history(server: Server, run: Run, name: str) -> list[tuple[int, float]]:
    points = mlflow.MlflowClient(server.uri).get_metric_history(run.info.run_id, name)
    return [(point.step, point.value) for point in points]


def test_a_parent_and_a_child_for_each_variant(server: Server, tmp_path: Path) -> None:
    for variant, rate in (("a", 0.1), ("b", 0.2)):
        trial = make_trial(variant, 0.9, learning_rate=rate)
        _finish(server, trial, tmp_path / "no model")
    *children, parent = _runs(server)
    assert [run.info.run_name for run in children] == ["freeze/a", "freeze/b"]
    parents = {run.data.tags["mlflow.parentRunId"] for run in children}
    assert parents == {parent.info.run_id}
    assert children[1].data.params["learning_rate"] == "0.2"
    assert children[1].data.params["variant"] == "b"
    assert children[0].inputs.dataset_inputs[0].dataset.digest == "d" * 32


def test_a_child_is_seen_while_it_trains(server: Server) -> None:
    trial = make_trial("a", 0.9)
    run = Tracking(server, "study").begin(
        trial.result.assignment, "d" * 64, trial.result.key
    )
    run.epoch(trial.result.history[0])
    child, parent = _runs(server)
    assert (child.info.status, parent.info.status) == ("RUNNING", "RUNNING")
    assert child.data.metrics["epoch_validation_loss"] == pytest.approx(0.6)
    assert child.data.params["unfreeze"] == "none"


def test_figures_have_the_names_that_scripts_rely_on(
    server: Server, tmp_path: Path
) -> None:
    _finish(server, make_trial("a", 0.9), tmp_path / "no model")
    run = _runs(server)[0]
    assert run.data.metrics.items() >= FINAL.items()
    assert run.info.status == "FINISHED"
    assert run.data.tags["kigezi.status"] == "all 2 epochs"
    client = mlflow.MlflowClient(server.uri)
    assert [f.path for f in client.list_artifacts(run.info.run_id)] == ["curves.png"]


def test_epochs_are_steps_and_sent_once(server: Server, tmp_path: Path) -> None:
    _finish(server, make_trial("a", 0.9), tmp_path / "no model")
    run = _runs(server)[0]
    assert _history(server, run, "epoch_validation_loss") == [(1, 0.6), (2, 0.5)]
    assert len(_history(server, run, "epoch_seconds")) == 2
    assert len(_history(server, run, "test_accuracy")) == 1


def test_a_run_is_found_again_when_resumed(server: Server, tmp_path: Path) -> None:
    trial = make_trial("a", 0.9)
    interrupted = Tracking(server, "study").begin(
        trial.result.assignment, "d" * 64, trial.result.key
    )
    interrupted.epoch(trial.result.history[0])
    _finish(server, trial, tmp_path / "no model")
    assert len(_runs(server)) == 2
    assert _history(server, _runs(server)[0], "epoch_train_loss") == [
        (1, 0.6),
        (2, 0.5),
    ]


def test_finished_twice_is_sent_once(
    server: Server, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _finish(server, make_trial("a", 0.9), model)
    before = [run.to_dictionary() for run in _runs(server)]
    monkeypatch.setattr(mlflow.keras, "log_model", None)
    _finish(server, make_trial("a", 0.9), model)
    assert [run.to_dictionary() for run in _runs(server)] == before


def test_another_plan_or_dataset_is_another_study(server: Server) -> None:
    assignment = make_assignment()
    other = assignment.model_copy(update={"plan": "q" * 64})
    for one, dataset in ((assignment, "d"), (other, "d"), (assignment, "e")):
        Tracking(server, "study").begin(one, dataset * 64, "k")
    roles = [run.data.tags.get("kigezi.role") for run in _runs(server)]
    assert (roles.count("study"), roles.count(None)) == (3, 3)


def test_figures_that_are_no_numbers(server: Server, tmp_path: Path) -> None:
    nan = float("nan")
    _finish(server, make_trial("a", nan, loss=nan), tmp_path / "no model")
    run = _runs(server)[0]
    assert run.info.status == "FINISHED"
    assert "kigezi.complete" in run.data.tags
    assert run.data.metrics["validation_accuracy"] != 0.9


def test_equal_recipes_have_one_model(server: Server, model: Path) -> None:
    _finish(server, make_trial("a", 0.9), model)
    _finish(server, make_trial("b", 0.9), model)
    first, second, _ = _runs(server)
    assert second.data.tags["trained_in"] == "freeze/a"
    assert "trained_in" not in first.data.tags
    assert first.data.metrics == second.data.metrics
    client = mlflow.MlflowClient(server.uri)
    experiment = client.get_experiment_by_name(server.experiment)
    (logged,) = client.search_logged_models([experiment.experiment_id])
    assert logged.source_run_id == first.info.run_id


def test_a_logged_model_can_be_loaded(server: Server, model: Path) -> None:
    _finish(server, make_trial("a", 0.9), model)
    run = _runs(server)[0]
    mlflow.set_tracking_uri(server.uri)
    (output,) = run.outputs.model_outputs
    info = mlflow.models.get_model_info(f"models:/{output.model_id}")
    assert info.metadata == {"classes": ["dark", "light"]}
    assert info.signature.inputs.inputs[0].shape == (-1, 32, 32, 3)
    assert mlflow.active_run() is None


def test_the_study_is_finished(server: Server) -> None:
    tracking = Tracking(server, "study")
    tracking.begin(make_assignment(), "d" * 64, "k")
    tracking.finish_study(make_assignment(stage="final"), "d" * 64)
    child, parent = _runs(server)
    assert (child.info.status, parent.info.status) == ("RUNNING", "FINISHED")
    assert parent.info.run_name.startswith("study ")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (KeyboardInterrupt, "KILLED"),
        (SystemExit, "KILLED"),
        (RuntimeError, "FAILED"),
    ],
)
def test_a_run_that_is_left_early_says_so(
    server: Server, error: type[BaseException], status: str
) -> None:
    with (
        pytest.raises(error),
        Tracking(server, "study").begin(make_assignment(), "d" * 64, "k"),
    ):
        raise error
    assert [run.info.status for run in _runs(server)] == [status, status]


def _break(*_: Any, **__: Any) -> None:
    raise MlflowException("API request failed:\nconnection refused")


def test_a_server_that_is_away_is_a_warning(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(mlflow, "MlflowClient", _break)
    with caplog.at_level(logging.WARNING):
        _finish(server, make_trial("a", 0.9), tmp_path / "no model")
        Tracking(server, "study").finish_study(make_assignment(), "d" * 64)
    assert "Training goes on" in caplog.messages[0]
    assert server.uri in caplog.messages[0]
    assert not any("\n" in message for message in caplog.messages)
    monkeypatch.undo()
    _finish(server, make_trial("a", 0.9), tmp_path / "no model")
    run = _runs(server)[0]
    assert run.data.metrics.items() >= FINAL.items()
    assert len(_history(server, run, "epoch_train_loss")) == 2


@pytest.mark.parametrize("call", ["log_figure", "set_tag", "set_terminated"])
def test_a_server_that_goes_away_meanwhile(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    monkeypatch.setattr(mlflow.MlflowClient, call, _break)
    _finish(server, make_trial("a", 0.9), tmp_path / "no model")
    monkeypatch.undo()
    _finish(server, make_trial("a", 0.9), tmp_path / "no model")
    run, _ = _runs(server)
    assert run.info.status == "FINISHED"
    assert "kigezi.complete" in run.data.tags
    assert _history(server, run, "test_accuracy") == [(0, 0.225)]


def test_a_database_that_cannot_be_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlflow.store.db.utils.MAX_RETRY_COUNT", 1)
    (tmp_path / "folder").mkdir()
    broken = Server(f"sqlite:///{tmp_path}/folder", "kigezi", None)
    run = Tracking(broken, "study").begin(make_assignment(), "d" * 64, "k")
    run.epoch(make_trial("a", 0.9).result.history[0])
    assert "Training goes on" in caplog.text


def test_the_entry_asks_for_the_server_when_it_is_loaded(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = TrackingDataset(study="demo")
    monkeypatch.setattr(
        TrackingDataset, "server", staticmethod(lambda: server), raising=False
    )
    dataset.load().begin(make_assignment(), "d" * 64, "k")
    names = [run.info.run_name for run in _runs(server)]
    assert any(name.startswith("demo ") for name in names)
