"""What several tests of tracking share: runs as they stand in MLflow."""

from pathlib import Path

import mlflow
from matplotlib.figure import Figure
from mlflow.entities import Run

from kigezi.datasets.mlflow_server import Server
from kigezi.datasets.tracking import Tracking
from kigezi.records import Trial

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
