"""What the study writes down: assignments, epochs, figures, trials and winners."""

import hashlib
import json
import math
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict

from kigezi.errors import DataError
from kigezi.schemas import IngestParameters, Protocol, Recipe

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

SMALLEST_PROBABILITY = 1e-7
"""Probabilities are kept from 0, as in Keras, so that a loss stays finite."""


class Record(BaseModel):
    """A frozen record; NaN and infinity survive a round trip through JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class Assignment(Record):
    """One variant, ready to be trained."""

    stage: str
    variant: str
    base: Recipe
    """the recipe that the stage starts from"""
    recipe: Recipe
    seeds: tuple[int, ...]
    """seeds that the recipe is trained with, one after the other"""
    budgets: tuple[int, ...]
    """all numbers of epochs that the study asks for, rising"""
    plan: str
    """sha256 of the baseline and every stage: which study this belongs to"""
    lineage: str
    """sha256 of the baseline and the stages up to and with this one"""
    protocol: Protocol = Protocol()
    """how images were split, and what winners are chosen on"""
    given_up: str = ""
    """why it is not to be trained, if so: it then fails for this reason"""

    @property
    def name(self) -> str:
        """Stage and variant, as in `freeze/top_10`, and the seed if there are more."""
        seed = f" seed {self.recipe.seed}" if len(self.seeds) > 1 else ""
        return f"{self.stage}/{self.variant}{seed}"

    def with_seed(self, seed: int) -> "Assignment":
        """The same variant with the recipe of one seed."""
        recipe = self.recipe.model_copy(update={"seed": seed})
        return self.model_copy(update={"recipe": recipe})


class Epoch(Record):
    """One pass over the training images. Accuracies are fractions from 0 to 1."""

    epoch: int
    """counted from 1"""
    train_accuracy: float
    """while training: with dropout, on augmented images, averaged over the epoch"""
    train_loss: float
    validation_accuracy: float
    """afterwards, with augmentation off"""
    validation_loss: float
    seconds: float
    ended_at: int
    """milliseconds since 1970; the same epoch sent twice to MLflow is then one point"""

    @property
    def finite(self) -> bool:
        """Whether training has not blown up."""
        return math.isfinite(self.train_loss) and math.isfinite(self.validation_loss)


class Figures(Record):
    """How the restored weights do on one split, with augmentation off."""

    accuracy: float
    """fraction of the photographs whose class is right, from 0 to 1"""
    loss: float
    """mean cross-entropy in nats"""
    photographs: int
    """or images, where images are split"""


class Repeat(Record):
    """The figures of one seed of a variant that is trained with several."""

    seed: int
    train: Figures
    validation: Figures
    test: Figures


class TrialResult(Record):
    """One trained variant with everything that is reported of it."""

    assignment: Assignment
    dataset: str
    """digest of the dataset that it was trained on"""
    key: str
    """key of the training: everything that decides it, besides epochs and patience"""
    status: Literal["finished", "stopped", "diverged", "failed", "pruned"]
    """finished: all epochs; stopped: patience ended; diverged: loss not finite;
    pruned: a search ended it, so that only validation was measured;
    failed: it could not be trained, so that it has neither epochs nor figures"""
    failure: str = ""
    """why it failed, and how to mend it"""
    best_epoch: int | None
    """the epoch whose weights were restored; none when no epoch had a finite loss"""
    history: tuple[Epoch, ...]
    train: Figures
    validation: Figures
    test: Figures
    majority: float
    """validation accuracy of always answering the most frequent training class"""
    trained_weights: int
    """how many numbers the training could change"""
    shared_seconds: float = 0.0
    """for what was computed once for all variants with the same frozen layers"""
    classes: tuple[str, ...]
    environment: dict[str, str]
    """processor, threads, backend and library versions of the training"""
    repeats: tuple[Repeat, ...] = ()
    """every seed where there are several; the rest is that of the best of them"""

    def mean(self, split: Split) -> Figures:
        """Figures of a split, averaged over the seeds."""
        figures = [getattr(repeat, split) for repeat in self.repeats]
        if not figures:
            return getattr(self, split)
        return Figures(
            accuracy=fmean(figure.accuracy for figure in figures),
            loss=fmean(figure.loss for figure in figures),
            photographs=figures[0].photographs,
        )

    def spread(self, split: Split) -> float:
        """Standard deviation of the seeds' accuracies; not a number with one seed."""
        accuracies = [getattr(repeat, split).accuracy for repeat in self.repeats]
        return stdev(accuracies) if accuracies else math.nan

    @property
    def seconds_per_epoch(self) -> float:
        """Mean over the epochs; not a number without any."""
        seconds = [epoch.seconds for epoch in self.history]
        return fmean(seconds) if seconds else math.nan

    @property
    def eligible(self) -> bool:
        """Whether it may win: finite, and better than always guessing one class."""
        validation = self.mean("validation")
        return (
            self.status != "pruned"
            and self.best_epoch is not None
            and math.isfinite(validation.accuracy)
            and math.isfinite(validation.loss)
            and validation.accuracy > self.majority
        )

    @property
    def summary(self) -> str:
        """How the training ended, in words."""
        last = len(self.history)
        return {
            "finished": f"all {last} epochs",
            "stopped": f"stopped at epoch {last}",
            "diverged": f"diverged at epoch {last}",
            "failed": f"failed: {self.failure}",
            "pruned": f"pruned at epoch {last}",
        }[self.status]


class Pruned(Exception):
    """Ends a training after an epoch, because others were better by then."""

    def __init__(self, epoch: int) -> None:
        super().__init__(f"pruned at epoch {epoch}")
        self.epoch = epoch


@dataclass(frozen=True)
class Trial:
    """A result with its predictions: a row a test photograph."""

    result: TrialResult
    predictions: pd.DataFrame
    """photo_id, label, predicted, correct, and one probability column a class"""

    def trained(self) -> "Trial":
        """The trial itself, where nothing can be done without its weights.

        Raises:
            DataError: It failed.
        """
        if self.result.status == "failed":
            name, summary = self.result.assignment.name, self.result.summary
            raise DataError(f"{name} {summary}.")
        return self


class Winner(Record):
    """What the next stage starts from."""

    stage: str
    variant: str | None
    """none when no variant was eligible and the stage's base is carried on"""
    recipe: Recipe
    result: TrialResult | None
    runner_up: str | None
    margin: float | None
    """accuracy above the runner-up on what winners are chosen on, as a fraction"""
    standard_error: float | None
    """standard error of the winner's accuracy there, as a fraction"""
    dataset: str
    lineage: str


class TimeEstimate(Record):
    """How long the study takes at most."""

    trainings: int
    """distinct trainings: recipes that differ in more than their epochs"""
    seconds: float
    """if no patience ends any of them"""
    forward_seconds: float
    """for the forward pass of one image"""


def ingest_digest(parameters: IngestParameters) -> str:
    """Digest of the settings that a ledger depends on; each of its rows carries it."""
    return digest_of(parameters.model_dump(exclude={"expected_photographs"}))


def digest_of(value: Any) -> str:
    """sha256 of the value as canonical JSON, the same on any machine."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
