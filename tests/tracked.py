"""What several tests of tracking share: runs as they stand in MLflow."""

import os
import subprocess
import sys
from pathlib import Path

import mlflow
from matplotlib.figure import Figure
from mlflow.entities import Run

from kigezi.datasets.mlflow_server import Server
from kigezi.datasets.tracking import Tracking
from kigezi.records import Trial
from tests.projects import PROJECT

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
NO_MODEL = Path("no model")


def runs_in(server: Server) -> list[Run]:
    """Every run of the experiment that is not deleted, by name; parents come last."""
    client = mlflow.MlflowClient(server.uri)
    experiment = client.get_experiment_by_name(server.experiment)
    found = client.search_runs([experiment.experiment_id]) if experiment else []
    return sorted(found, key=lambda run: run.info.run_name)


def points_of(server: Server, run: Run, name: str) -> list[tuple[int, float]]:
    """Step and value of every point of a metric."""
    points = mlflow.MlflowClient(server.uri).get_metric_history(run.info.run_id, name)
    return [(point.step, point.value) for point in points]


def plot() -> dict[str, Figure]:
    """An empty figure."""
    return {"curves.png": Figure(figsize=(1, 1))}


def track(server: Server, trial: Trial, model: Path = NO_MODEL) -> None:
    """What `train_variant` does around a training."""
    result = trial.result
    tracking = Tracking(server, "study")
    with tracking.begin(result.assignment, result.dataset, result.key) as run:
        for epoch in result.history:
            run.epoch(epoch)
        run.finish(trial, plot, model)


def start_tracking(
    server: Server, variants: str, *arguments: str, **environment: str
) -> "subprocess.Popen[str]":
    """A process that tracks variants, separated by commas: see `track_variants`."""
    paths = [str(PROJECT / "src"), str(PROJECT)]
    where = [server.uri, server.experiment]
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    if server.artifact_location:
        environment["TRACKED_ARTIFACTS"] = server.artifact_location
    return subprocess.Popen(
        [sys.executable, "-m", "tests.track_variants", *where, variants, *arguments],
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def go_on(process: "subprocess.Popen[str]") -> list[str]:
    """Let a process that waits track one more epoch: variant, epoch and seconds."""
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.readline().split()


def assert_complete(server: Server, *variants: str) -> None:
    """One parent and one whole run a variant, with every epoch once."""
    *runs, parent = runs_in(server)
    assert [run.info.run_name for run in runs] == [f"freeze/{v}" for v in variants]
    for run in runs:
        assert run.data.metrics.items() >= FINAL.items()
        assert "kigezi.complete" in run.data.tags
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        for name in ("epoch_train_loss", "epoch_validation_loss"):
            assert points_of(server, run, name) == [(1, 0.6), (2, 0.5)]
    assert {run.info.status for run in (*runs, parent)} == {"FINISHED"}
