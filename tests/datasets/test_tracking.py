import math
from pathlib import Path
from typing import Any

import keras
import mlflow.keras
import numpy as np
import pytest

from kigezi.datasets.mlflow_server import Server
from kigezi.datasets.tracking import Tracking, TrackingDataset, close_tracking
from kigezi.records import Trial
from tests.conftest import make_assignment, make_failed, make_trial
from tests.datasets.conftest import begin_new_process
from tests.tracked import FINAL, NO_MODEL, plot, points_of, runs_in, track


def test_a_parent_and_a_child_for_each_variant(server: Server) -> None:
    for variant, rate in (("a", 0.1), ("b", 0.2)):
        trial = make_trial(variant, 0.9, learning_rate=rate)
        track(server, trial)
    *children, parent = runs_in(server)
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
    child, parent = runs_in(server)
    assert (child.info.status, parent.info.status) == ("RUNNING", "RUNNING")
    assert child.data.metrics["epoch_validation_loss"] == pytest.approx(0.6)
    assert child.data.params["unfreeze"] == "none"


def test_figures_have_the_names_that_scripts_rely_on(server: Server) -> None:
    track(server, make_trial("a", 0.9))
    run = runs_in(server)[0]
    assert run.data.metrics.items() >= FINAL.items()
    assert run.info.status == "FINISHED"
    assert run.data.tags["kigezi.status"] == "all 2 epochs"
    client = mlflow.MlflowClient(server.uri)
    assert [f.path for f in client.list_artifacts(run.info.run_id)] == ["curves.png"]


def test_epochs_are_steps_and_sent_once(server: Server) -> None:
    track(server, make_trial("a", 0.9))
    run = runs_in(server)[0]
    assert points_of(server, run, "epoch_validation_loss") == [(1, 0.6), (2, 0.5)]
    assert len(points_of(server, run, "epoch_seconds")) == 2
    assert len(points_of(server, run, "test_accuracy")) == 1


def test_a_run_is_found_again_when_resumed(server: Server) -> None:
    trial = make_trial("a", 0.9)
    interrupted = Tracking(server, "study").begin(
        trial.result.assignment, "d" * 64, trial.result.key
    )
    interrupted.epoch(trial.result.history[0])
    track(server, trial)
    assert len(runs_in(server)) == 2
    assert points_of(server, runs_in(server)[0], "epoch_train_loss") == [
        (1, 0.6),
        (2, 0.5),
    ]


def test_finished_twice_is_sent_once(
    server: Server, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    track(server, make_trial("a", 0.9), model)
    before = [run.to_dictionary() for run in runs_in(server)]
    monkeypatch.setattr(mlflow.keras, "log_model", None)
    track(server, make_trial("a", 0.9), model)
    assert [run.to_dictionary() for run in runs_in(server)] == before


def test_another_plan_or_dataset_is_another_study(server: Server) -> None:
    assignment = make_assignment()
    other = assignment.model_copy(update={"plan": "q" * 64})
    for one, dataset in ((assignment, "d"), (other, "d"), (assignment, "e")):
        Tracking(server, "study").begin(one, dataset * 64, "k")
    roles = [run.data.tags.get("kigezi.role") for run in runs_in(server)]
    assert (roles.count("study"), roles.count(None)) == (3, 3)


def test_figures_that_are_no_numbers_are_never_the_highest(server: Server) -> None:
    for variant, loss in (("a", math.inf), ("b", math.nan), ("c", 0.5)):
        track(server, make_trial(variant, 0.9, loss=loss))
        track(server, make_trial(variant, 0.9, loss=loss))
    *runs, _ = runs_in(server)
    losses = [run.data.metrics["validation_loss"] for run in runs]
    assert losses == [pytest.approx(math.nan, nan_ok=True)] * 2 + [0.5]
    assert all("kigezi.complete" in run.data.tags for run in runs)
    assert len(points_of(server, runs[0], "epoch_validation_loss")) == 2
    client = mlflow.MlflowClient(server.uri)
    by_loss = client.search_runs(
        [runs[0].info.experiment_id], order_by=["metrics.validation_loss DESC"]
    )
    assert by_loss[0].info.run_name == "freeze/c"


def test_a_variant_that_failed_says_why(server: Server) -> None:
    track(server, make_failed("a", "out of memory"))
    run = runs_in(server)[0]
    assert run.info.status == "FAILED"
    assert run.data.tags["kigezi.status"] == "failed: out of memory"
    assert run.data.metrics == {}
    assert "kigezi.complete" not in run.data.tags


def test_a_variant_that_failed_may_be_trained_later(server: Server) -> None:
    failed, trial = make_failed("a"), make_trial("a", 0.9)
    result = trial.result.model_copy(update={"key": failed.result.key})
    track(server, failed)
    track(server, Trial(result, trial.predictions))
    run, _ = runs_in(server)
    assert (run.info.status, run.data.tags["kigezi.status"]) == (
        "FINISHED",
        "all 2 epochs",
    )


def test_equal_recipes_have_one_model(server: Server, model: Path) -> None:
    track(server, make_trial("a", 0.9), model)
    track(server, make_trial("b", 0.9), model)
    first, second, _ = runs_in(server)
    assert second.data.tags["trained_in"] == "freeze/a"
    assert "trained_in" not in first.data.tags
    assert first.data.metrics == second.data.metrics
    client = mlflow.MlflowClient(server.uri)
    experiment = client.get_experiment_by_name(server.experiment)
    (logged,) = client.search_logged_models([experiment.experiment_id])
    assert logged.source_run_id == first.info.run_id


def test_a_logged_model_can_be_loaded(server: Server, model: Path) -> None:
    track(server, make_trial("a", 0.9), model)
    run = runs_in(server)[0]
    mlflow.set_tracking_uri(server.uri)
    (output,) = run.outputs.model_outputs
    info = mlflow.models.get_model_info(f"models:/{output.model_id}")
    assert info.metadata == {"classes": ["dark", "light"]}
    assert info.signature.inputs.inputs[0].shape == (-1, 32, 32, 3)
    loaded = mlflow.keras.load_model(info.model_uri)
    expected = keras.models.load_model(model).get_weights()
    for found, weight in zip(loaded.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(found, weight)
    assert mlflow.active_run() is None


@pytest.mark.parametrize("crash_in", ["log_model_artifacts", "log_batch"])
def test_a_model_is_logged_once_whatever_happens_meanwhile(
    server: Server, model: Path, monkeypatch: pytest.MonkeyPatch, crash_in: str
) -> None:
    log_batch = mlflow.MlflowClient.log_batch

    def crash(client: Any, *arguments: Any, **named: Any) -> None:
        """Before the model's files are sent, or before its tags are."""
        tags = {tag.key for tag in named.get("tags", [])}
        if crash_in != "log_batch" or "kigezi.model" in tags:
            raise KeyboardInterrupt
        log_batch(client, *arguments, **named)

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(mlflow.MlflowClient, crash_in, crash)
        track(server, make_trial("a", 0.9), model)
    track(server, make_trial("a", 0.9), model)
    client = mlflow.MlflowClient(server.uri)
    experiment = client.get_experiment_by_name(server.experiment)
    (logged,) = client.search_logged_models([experiment.experiment_id])
    assert logged.status == "READY"
    assert runs_in(server)[0].info.status == "FINISHED"


def test_the_study_is_finished(server: Server) -> None:
    tracking = Tracking(server, "study")
    tracking.begin(make_assignment(), "d" * 64, "k")
    tracking.finish_study(make_assignment(stage="final"), "d" * 64)
    child, parent = runs_in(server)
    assert (child.info.status, parent.info.status) == ("RUNNING", "FINISHED")
    assert parent.info.run_name.startswith("study ")


def test_a_lost_training_that_is_done_again_replaces_its_run(server: Server) -> None:
    trial = make_trial("a", 0.9)
    track(server, trial)
    (first, _) = runs_in(server)
    later = [e.model_copy(update={"ended_at": 9}) for e in trial.result.history]
    result = trial.result.model_copy(update={"history": tuple(later)})
    track(server, Trial(result, trial.predictions))
    (second, _) = runs_in(server)
    assert second.info.run_id != first.info.run_id
    assert points_of(server, second, "epoch_train_loss") == [(1, 0.6), (2, 0.5)]
    assert second.info.status == "FINISHED"


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
    tracking = Tracking(server, "study")
    with pytest.raises(error), tracking.begin(make_assignment(), "d" * 64, "k"):
        raise error
    assert [run.info.status for run in runs_in(server)] == [status, status]
    begin_new_process()
    Tracking(server, "study").begin(make_assignment(), "d" * 64, "k")
    assert [run.info.status for run in runs_in(server)] == ["RUNNING", "RUNNING"]


def test_a_stage_alone_ends_its_study_when_nothing_is_trained(server: Server) -> None:
    trial = make_trial("b", 0.9)
    track(server, make_trial("a", 0.9))
    run = Tracking(server, "study").begin(trial.result.assignment, "d" * 64, "k")
    close_tracking()
    assert [run.info.status for run in runs_in(server)][-1] == "RUNNING"
    run.finish(trial, dict, NO_MODEL)
    close_tracking()
    assert {run.info.status for run in runs_in(server)} == {"FINISHED"}


def test_the_entry_asks_for_the_server_when_it_is_loaded(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = TrackingDataset(study="demo")
    monkeypatch.setattr(
        TrackingDataset, "server", staticmethod(lambda: server), raising=False
    )
    dataset.load().begin(make_assignment(), "d" * 64, "k")
    names = [run.info.run_name for run in runs_in(server)]
    assert any(name.startswith("demo ") for name in names)


def _artifacts(server: Server, run_id: str) -> set[str]:
    client = mlflow.MlflowClient(server.uri)
    return {file.path for file in client.list_artifacts(run_id)}


def test_the_report_is_kept_with_the_studys_run_once(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    trial = make_trial("a", 0.9)
    track(server, trial)
    tracking, texts = Tracking(server, "study"), {"report.html": "page"}
    tracking.keep_report(trial.result, texts, plot, "# A note")
    *_, parent = runs_in(server)
    assert _artifacts(server, parent.info.run_id) == {"report.html", "curves.png"}
    assert parent.data.metrics["test_accuracy"] == pytest.approx(0.225)
    assert parent.data.tags["mlflow.note.content"] == "# A note"
    monkeypatch.setattr(mlflow.MlflowClient, "log_text", None)
    tracking.keep_report(trial.result, texts, plot, "# A note")
    assert len(runs_in(server)) == 2
    assert "did not take this" not in caplog.text


def test_a_new_report_takes_the_place_of_the_old_one(server: Server) -> None:
    trial = make_trial("a", 0.9)
    for page in ("old", "new"):
        Tracking(server, "study").keep_report(
            trial.result, {"report.html": page}, dict, ""
        )
    (parent,) = runs_in(server)
    path = f"{parent.info.artifact_uri}/report.html"
    assert mlflow.artifacts.load_text(path) == "new"


def test_a_report_that_cannot_be_sent_is_sent_later(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    trial = make_trial("a", 0.9)
    with monkeypatch.context() as broken:
        broken.setattr(mlflow.MlflowClient, "log_text", None)
        Tracking(server, "study").keep_report(
            trial.result, {"report.html": "page"}, dict, ""
        )
    (parent,) = runs_in(server)
    assert _artifacts(server, parent.info.run_id) == set()
    close_tracking()
    assert _artifacts(server, parent.info.run_id) == {"report.html"}
    assert "did not take this" in caplog.text
