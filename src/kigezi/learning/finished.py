"""What is trained already is found again, without importing Keras."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from kigezi.learning.budgets import best_epoch, is_over, within_budget
from kigezi.learning.examples import Examples
from kigezi.processor import shortened_math
from kigezi.records import SPLITS, Assignment, Epoch, Figures, Trial, TrialResult
from kigezi.schemas import Recipe

TRAINING_VERSION = 1
"""Raise it whenever the same recipe would train other weights than before."""

_LATER_FIELDS = {"learning_rate_decay": 1, "batch_norm_momentum": 0.999}
"""Fields that came later, and what they were before: it keeps the keys of then."""


class FinishedTraining(Protocol):
    """A training whose epochs and figures are kept."""

    key: str

    def history(self) -> list[Epoch]:
        """The epochs that are done, first to last."""

    def evaluation(self, epoch: int | None) -> dict[str, Any] | None:
        """What was measured of an epoch's weights, or nothing yet."""

    def predictions(self, epoch: int | None) -> pd.DataFrame:
        """The predictions of an epoch's weights on the test photographs."""


def training_key(recipe: Recipe, dataset: str, weights: str) -> dict[str, object]:
    """Everything that decides the weights after a number of epochs.

    Epochs and patience are not in it: they only say where to stop. Processor and
    library versions are not in it either: they are recorded with the result, and an
    upgrade does not throw finished work away.

    Args:
        dataset: Digest of the dataset version.
        weights: Digest of the backbone's weights file, or `random`.
    """
    decided = recipe.model_dump(exclude={"epochs", "patience", "weights", "precision"})
    for name, value in _LATER_FIELDS.items():
        if decided[name] == value:
            del decided[name]
    decided["batch_norm"] = recipe.effective_batch_norm
    if recipe.effective_batch_norm == "frozen":
        decided.pop("batch_norm_momentum", None)
    return {
        "recipe": decided,
        "dataset": dataset,
        "weights": weights,
        "backend": keras_backend(),
        "precision": recipe.precision,
        **shortened_math(),
        "version": TRAINING_VERSION,
    }


def keras_backend() -> str:
    """The backend that Keras will use, read as Keras reads it.

    https://keras.io/getting_started/#configuring-your-backend
    """
    if os.environ.get("KERAS_BACKEND"):
        return os.environ["KERAS_BACKEND"]
    folder = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
    try:
        settings = json.loads((folder / "keras.json").read_text("utf-8"))
    except (OSError, ValueError):
        settings = {}
    return settings.get("backend", "tensorflow")


def find_trial(
    assignment: Assignment, examples: Examples, training: FinishedTraining
) -> Trial | None:
    """The trial of a variant, if it is trained and measured already."""
    recipe = assignment.recipe
    history = within_budget(training.history(), recipe)
    best = best_epoch(history)
    evaluation = training.evaluation(best)
    if not is_over(training.history(), recipe) or evaluation is None:
        return None
    ended_early = len(history) < assignment.recipe.epochs
    status = "stopped" if ended_early else "finished"
    result = TrialResult(
        assignment=assignment,
        dataset=examples.dataset,
        key=training.key,
        status=status if np.all([epoch.finite for epoch in history]) else "diverged",
        best_epoch=best,
        history=history,
        majority=examples.majority,
        trained_weights=evaluation["trained_weights"],
        shared_seconds=evaluation.get("shared_seconds", 0.0),
        classes=examples.classes,
        environment=evaluation["environment"],
        **{split: Figures(**evaluation["figures"][split]) for split in SPLITS},
    )
    return Trial(result, training.predictions(best))


def failed_trial(
    assignment: Assignment, examples: Examples, key: str, reason: str
) -> Trial:
    """The trial of a variant that could not be trained: it never wins.

    Args:
        key: Key of the training.
        reason: Why, and how to mend it, as a sentence goes on after `failed: `.
    """
    return _unmeasured(assignment, examples, key, status="failed", failure=reason)


def pruned_trial(
    assignment: Assignment, examples: Examples, key: str, history: Sequence[Epoch]
) -> Trial:
    """The trial of a recipe that a search has ended: it never wins.

    Its validation figures are those of its best epoch, as they were seen.

    Args:
        key: Key of the training.
        history: The epochs up to the one after which it ended.
    """
    trial = _unmeasured(
        assignment, examples, key, status="pruned", history=tuple(history)
    )
    best = best_epoch(history)
    if best is None:
        return trial
    seen = history[best - 1]
    figures = {"accuracy": seen.validation_accuracy, "loss": seen.validation_loss}
    validation = trial.result.validation.model_copy(update=figures)
    update = {"validation": validation, "best_epoch": best}
    return Trial(trial.result.model_copy(update=update), trial.predictions)


def _unmeasured(
    assignment: Assignment, examples: Examples, key: str, **known: Any
) -> Trial:
    figures = {
        split: Figures(
            accuracy=np.nan,
            loss=np.nan,
            photographs=len(examples.judged(split)),
        )
        for split in SPLITS
    }
    unknown: dict[str, Any] = {"best_epoch": None, "history": (), "environment": {}}
    result = TrialResult(
        assignment=assignment,
        dataset=examples.dataset,
        key=key,
        majority=examples.majority,
        trained_weights=0,
        classes=examples.classes,
        **figures,
        **(unknown | known),
    )
    columns = ["photo_id", "copy", "label", "predicted", "correct"]
    return Trial(result, pd.DataFrame(columns=columns))
