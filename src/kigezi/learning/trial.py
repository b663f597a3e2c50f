"""A variant from recipe to figures, doing only what is not there yet."""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Protocol

import keras
import pandas as pd

from kigezi.learning.budgets import best_epoch, is_over, within_budget
from kigezi.learning.environment import describe_environment
from kigezi.learning.evaluating import evaluate
from kigezi.learning.examples import Examples
from kigezi.learning.finished import find_trial
from kigezi.learning.network import Network
from kigezi.learning.prefix import ActivationStore
from kigezi.learning.training import Arrays, Checkpoint, restore, train
from kigezi.records import SPLITS, Assignment, Epoch, Trial
from kigezi.schemas import Recipe


class Training(Checkpoint, Protocol):
    """A checkpoint that also keeps what was measured of its best weights."""

    key: str

    def best(self, epoch: int) -> Arrays:
        """The weights after an epoch that was the best so far."""

    def keeps(self, epoch: int) -> bool:
        """Whether those weights were needed by a budget and are still there."""

    def apart(self, budget: int) -> "Training":
        """A second, shorter training of the same key that keeps its best weights."""

    def evaluation(self, epoch: int | None) -> dict | None:
        """What was measured of an epoch's weights, or nothing yet."""

    def predictions(self, epoch: int | None) -> pd.DataFrame:
        """The predictions of an epoch's weights on the test photographs."""

    def keep_evaluation(
        self,
        epoch: int | None,
        evaluation: dict,
        predictions: pd.DataFrame,
        save_model: Callable[[Path], None],
    ) -> None:
        """Keep figures, predictions and the whole model of an epoch."""


def run_trial(
    assignment: Assignment,
    examples: Examples,
    weights: Path | None,
    training: Training,
    arrays: ActivationStore,
    on_epoch: Callable[[Epoch], None],
) -> Trial:
    """Train what is missing, restore the best weights and measure them.

    Args:
        weights: File with the backbone's weights, or none for random ones.
        training: Where this training is kept; what it holds is not done again.
        arrays: Where the activations of frozen layers are kept for other variants.
        on_epoch: Called after each epoch that is trained now.
    """
    recipe, shared = assignment.recipe, 0.0

    def work_on(kept: Training, report: Callable[[Epoch], None]) -> Network:
        nonlocal shared
        network = _begin(recipe, examples, weights, kept)
        started = perf_counter()
        seen = network.seen(examples, arrays)
        shared = perf_counter() - started
        train(network.part, recipe, seen, kept, report, network.whole)
        return network

    kept, network = training, None
    if not is_over(training.history(), recipe):
        network = work_on(training, on_epoch)
    best = best_epoch(within_budget(training.history(), recipe))
    if training.evaluation(best) is None:
        if best is not None and not training.keeps(best):
            # Weights that no budget asked for were dropped: the same bits are trained
            # again, beside the longer training, which is not touched.
            kept = training.apart(recipe.epochs)
            network = work_on(kept, lambda _: None)
        network = network or _begin(recipe, examples, weights, training)
        restore(network.whole, _final_weights(kept, best))
        seen = network.seen(examples, arrays)
        _evaluate_and_keep(network, seen, training, best, shared)
    return find_trial(assignment, examples, training)


def _begin(
    recipe: Recipe, examples: Examples, weights: Path | None, training: Training
) -> Network:
    network = Network.begin(recipe, examples, weights)
    if training.history():
        # Random weights were calibrated where the training began.
        restore(network.whole, training.state())
    return network


def _evaluate_and_keep(
    network: Network,
    seen: Examples,
    training: Training,
    best: int | None,
    shared_seconds: float,
) -> None:
    measured = {split: evaluate(network.part, seen, split) for split in SPLITS}
    evaluation = {
        "figures": {split: figures for split, (figures, _) in measured.items()},
        "trained_weights": network.trained_weights,
        "shared_seconds": shared_seconds,
        "environment": describe_environment(),
    }
    # A second model around the same layers was never compiled, so that its file holds
    # no optimizer.
    whole = network.whole
    model = keras.Model(whole.inputs, whole.outputs, name=whole.name)
    training.keep_evaluation(best, evaluation, measured["test"][1], model.save)


def _final_weights(training: Training, best: int | None) -> Arrays:
    """The best weights, or those that diverged where no epoch was finite."""
    return training.state() if best is None else training.best(best)
