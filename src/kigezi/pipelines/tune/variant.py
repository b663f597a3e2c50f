"""One variant with one seed: found trained, trained, or failed for a reason."""

import logging
from collections.abc import Callable
from functools import partial

import numpy as np

from kigezi.learning.examples import Examples
from kigezi.learning.finished import (
    failed_trial,
    find_trial,
    pruned_trial,
    training_key,
)
from kigezi.plots import plot_trial
from kigezi.quiet import import_keras
from kigezi.records import Assignment, Epoch, Pruned, Trial
from kigezi.stores import (
    ModelInputs,
    TrackedRun,
    Tracking,
    Training,
    Trainings,
    Weights,
)
from kigezi.wording import log_begin, log_epoch, log_trial

_log = logging.getLogger(__name__)

_MOST_KILLS = 2
"""times that a training may end for lack of memory before it is given up"""


def train_once(
    assignment: Assignment,
    examples: Examples,
    weights: Weights,
    trainings: Trainings,
    tracking: Tracking,
    model_inputs: ModelInputs,
    *,
    watch: Callable[[Epoch], None] = lambda _: None,
) -> Trial:
    """Do what is not done yet, log it, and tell what came out.

    Args:
        assignment: The variant, with the recipe of one seed.
        examples: The images.
        weights: What the backbone starts from.
        trainings: What was trained before is found here.
        tracking: Where the variant is logged.
        model_inputs: Where activations of frozen layers are kept.
        watch: Is shown every epoch, those of before too, and may raise `Pruned`.
    """
    decided_by = training_key(assignment.recipe, examples.digest, weights.digest)
    held = trainings.hold(decided_by, assignment.budgets, assignment.name)
    with (
        held as training,
        tracking.begin(assignment, examples.dataset, training.key) as run,
    ):
        trial = find_trial(assignment, examples, training)
        trained_now = trial is None
        if trial is None and assignment.given_up:
            reason = assignment.given_up
            trial = failed_trial(assignment, examples, training.key, reason)
        if trial is None:
            training.mend()
            done = training.history()
            changes = "" if done else trainings.explain_new(assignment.name, decided_by)
            log_begin(assignment, done, changes)
            trial = _train(
                assignment, examples, weights, training, run, model_inputs, watch=watch
            )
        else:
            trial = _watched(trial, examples, watch)
        log_trial(trial.result, trained_now=trained_now)
        model = training.model_path(trial.result.best_epoch)
        run.finish(trial, partial(plot_trial, trial), model)
    return trial


def _train(
    assignment: Assignment,
    examples: Examples,
    weights: Weights,
    training: Training,
    run: TrackedRun,
    model_inputs: ModelInputs,
    *,
    watch: Callable[[Epoch], None],
) -> Trial:
    """Train, unless memory does not suffice: then that is what comes out."""
    import_keras()
    from kigezi.learning.memory import explain_lack, lacks_memory, warn_of_lack
    from kigezi.learning.trial import run_trial

    recipe = assignment.recipe
    seconds: list[float] = []

    def on_epoch(epoch: Epoch) -> None:
        run.epoch(epoch)
        seconds.append(epoch.seconds)
        left = (recipe.epochs - epoch.epoch) * float(np.mean(seconds))
        log_epoch(assignment, epoch, left)
        watch(epoch)

    with training.counting_kills() as kills:
        if kills >= _MOST_KILLS:
            reason = explain_lack(recipe, examples.size, kills, training.folder)
            return failed_trial(assignment, examples, training.key, reason)
        warn_of_lack(assignment, examples.size, kills)
        try:
            for epoch in training.history():
                watch(epoch)
            return run_trial(
                assignment, examples, weights.path, training, model_inputs, on_epoch
            )
        except Pruned as pruned:
            history = training.history()[: pruned.epoch]
            return pruned_trial(assignment, examples, training.key, history)
        except Exception as error:
            if not lacks_memory(error):
                raise
            reason = explain_lack(recipe, examples.size)
            return failed_trial(assignment, examples, training.key, reason)


def _watched(trial: Trial, examples: Examples, watch: Callable[[Epoch], None]) -> Trial:
    """A trial that was found, unless it would have been pruned."""
    result = trial.result
    try:
        for epoch in result.history:
            watch(epoch)
    except Pruned as pruned:
        seen = result.history[: pruned.epoch]
        return pruned_trial(result.assignment, examples, result.key, seen)
    return trial
