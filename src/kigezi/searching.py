"""Try recipes that Optuna proposes, one after the other, and go on after any stop.

Each proposal is drawn with a seed of its own, from the seed of the search and the
number of recipes tried so far. So an interrupted search proposes again what it was at,
and tries the same recipes as one that nobody disturbed.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from kigezi.records import Epoch, Pruned, Trial
from kigezi.schemas import SearchParameters

if TYPE_CHECKING:
    import optuna

Changes = dict[str, str | int | float]
Watch = Callable[[Epoch], None]
Try = Callable[[int, Changes, Watch], Trial]
"""Trains recipe number n with these changes; the watcher may raise `Pruned`."""

_log = logging.getLogger(__name__)


def search(
    study: "optuna.Study", parameters: SearchParameters, try_recipe: Try
) -> list[Trial]:
    """Try as many recipes as are asked for in all.

    Those that were finished before are asked for again, and found. Recipes are judged
    by validation accuracy; one that diverged or failed counts as 0.

    Args:
        study: Optuna's, with what was tried before.
        parameters: What may be tried, and how much of it.
        try_recipe: Trains a recipe, or finds it trained.

    Returns:
        The trials in the order in which they were tried.
    """
    from optuna.trial import TrialState

    done = study.get_trials(states=[TrialState.COMPLETE, TrialState.PRUNED])
    trials = [
        try_recipe(number, before.params, _end_as_before(before))
        for number, before in enumerate(done[: parameters.trials])
    ]
    for interrupted in study.get_trials(states=[TrialState.RUNNING]):
        study.tell(interrupted.number, state=TrialState.FAIL)
    for number in range(len(done), parameters.trials):
        trials.append(_try_next(study, parameters, number, try_recipe))
    return trials


def _end_as_before(before: "optuna.trial.FrozenTrial") -> Watch:
    """Ends a recipe that was pruned where it was pruned."""
    from optuna.trial import TrialState

    end = before.last_step if before.state is TrialState.PRUNED else None

    def watch(epoch: Epoch) -> None:
        if epoch.epoch == end:
            raise Pruned(epoch.epoch)

    return watch


def _try_next(
    study: "optuna.Study", parameters: SearchParameters, number: int, try_recipe: Try
) -> Trial:
    from optuna.samplers import TPESampler
    from optuna.trial import TrialState

    study.sampler = TPESampler(seed=(parameters.seed + number) % 2**32)
    asked = study.ask()
    changes: Changes = {
        "unfreeze": asked.suggest_categorical("unfreeze", parameters.unfreeze),
        "learning_rate": asked.suggest_float(
            "learning_rate", *parameters.learning_rate, log=True
        ),
    }
    _log.info(
        "search: recipe %d of %d: unfreeze %s, learning rate %.2g",
        *(number + 1, parameters.trials),
        *changes.values(),
    )

    def watch(epoch: Epoch) -> None:
        asked.report(float(np.nan_to_num(epoch.validation_accuracy)), epoch.epoch)
        if asked.should_prune():
            raise Pruned(epoch.epoch)

    trial = try_recipe(number, changes, watch)
    if trial.result.status == "pruned":
        study.tell(asked, state=TrialState.PRUNED)
    else:
        eligible = trial.result.eligible
        study.tell(asked, trial.result.validation.accuracy if eligible else 0.0)
    return trial
