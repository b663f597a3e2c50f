"""A trial in MLflow's terms. MLflow is imported only when it is needed."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from kigezi.records import SPLITS, Epoch, Trial, TrialResult, digest_of

if TYPE_CHECKING:
    from mlflow.entities import Metric

STATUS = "kigezi.status"
_OF_EPOCH = (
    "train_accuracy",
    "train_loss",
    "validation_accuracy",
    "validation_loss",
    "seconds",
)
EPOCH_METRICS = tuple(f"epoch_{name}" for name in _OF_EPOCH)


def epoch_metrics(epochs: Iterable[Epoch]) -> "list[Metric]":
    """One point an epoch and figure; sent twice, it is still one point."""
    return [
        _metric(f"epoch_{name}", getattr(epoch, name), epoch.ended_at, epoch.epoch)
        for epoch in epochs
        for name in _OF_EPOCH
    ]


def final_metrics(trial: Trial) -> "list[Metric]":
    """The figures of the restored weights, and what they cost; none if it failed."""
    result = trial.result
    if result.status == "failed":
        return []
    ended_at = result.history[-1].ended_at
    values: dict[str, float] = {
        "best_epoch": result.best_epoch or 0,
        "epochs": len(result.history),
        "trained_weights": result.trained_weights,
        "seconds_per_epoch": result.seconds_per_epoch,
    }
    costs = [_metric(name, value, ended_at, 0) for name, value in values.items()]
    return [*costs, *summary_metrics(result)]


def summary_metrics(result: TrialResult) -> "list[Metric]":
    """Accuracy and loss on each split, of a result with at least one epoch."""
    ended_at = result.history[-1].ended_at
    return [
        _metric(f"{split}_{name}", getattr(getattr(result, split), name), ended_at, 0)
        for split in SPLITS
        for name in ("accuracy", "loss")
    ]


def result_tags(trial: Trial) -> dict[str, str]:
    """How the variant ended, and on what it was trained."""
    environment = trial.result.environment
    tags = {f"kigezi.{name}": value for name, value in environment.items()}
    return tags | {STATUS: trial.result.summary}


def complete_as(result: TrialResult) -> str:
    """Digest of what a complete run shows: the training, and when it was done."""
    return digest_of([result.key, [epoch.ended_at for epoch in result.history]])


def _metric(name: str, value: float, timestamp: int, step: int) -> "Metric":
    from mlflow.entities import Metric

    # MLflow stores infinity as 1.8e308, and shows it as the highest figure of all.
    finite = value if math.isfinite(value) else math.nan
    return Metric(name, finite, timestamp, step)
