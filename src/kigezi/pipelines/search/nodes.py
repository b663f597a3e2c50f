"""Nodes of the search pipeline. Optuna and Keras are imported only where needed."""

import logging
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
from matplotlib.figure import Figure

from kigezi.choosing import choose, result_row
from kigezi.errors import DataError
from kigezi.learning.examples import Examples
from kigezi.pipelines.tune.variant import train_once
from kigezi.plan import apply_changes, lineage
from kigezi.plots import plot_search
from kigezi.records import Assignment, Trial, digest_of
from kigezi.schemas import Changes, SearchParameters, TuneParameters
from kigezi.searching import Watch, search
from kigezi.statistics.judging import NOT_COMPARED, compare, judge
from kigezi.statistics.optimism import choice_optimism
from kigezi.statistics.tables import groups_by_photograph
from kigezi.stores import (
    BackboneWeights,
    ModelInputs,
    Searches,
    Tracking,
    Trainings,
)
from kigezi.wording import log_search

_log = logging.getLogger(__name__)


class Search(NamedTuple):
    """What is searched on which images."""

    examples: Examples
    tune: TuneParameters
    parameters: SearchParameters
    digest: str
    """sha256 of everything that decides which recipes are tried"""

    def assignment(self, number: int, changes: Changes) -> Assignment:
        """Recipe number n, from 0, ready to be trained."""
        base = self.tune.baseline
        recipe = apply_changes(base, changes)
        return Assignment(
            stage="search",
            variant=f"trial_{number:03}",
            base=base,
            recipe=recipe,
            seeds=(recipe.seed,),
            budgets=(recipe.epochs,),
            plan=self.digest,
            lineage=self.digest,
            protocol=self.tune.protocol,
        )


def plan_search(
    examples: Examples,
    tune: TuneParameters,
    parameters: SearchParameters,
    final: Trial,
) -> Search:
    """What decides a search: images, baseline, space; but not how many are tried.

    Raises:
        DataError: The model that the stages found, with which the search is to be
            compared, is of other photographs or settings.
    """
    found = final.result
    plan = lineage(tune, len(tune.stages.root))
    if (found.dataset, found.assignment.plan) != (examples.dataset, plan):
        raise DataError(
            "the stages' model is of other photographs or settings than this search: "
            "run `kedro run --pipeline=tune` first (with the same --env and --params)."
        )
    space = parameters.model_dump(exclude={"trials"})
    baseline, protocol = tune.baseline.model_dump(), tune.protocol.model_dump()
    digest = digest_of([examples.digest, baseline, protocol, space])
    return Search(examples, tune, parameters, digest)


def try_recipes(
    plan: Search,
    searches: Searches,
    backbone_weights: BackboneWeights,
    trainings: Trainings,
    tracking: Tracking,
    model_inputs: ModelInputs,
) -> list[Trial]:
    """Train what the search proposes, one after the other, as variants are."""
    examples = plan.examples
    weights = backbone_weights.find(plan.tune.baseline)

    def try_recipe(number: int, changes: dict, watch: Watch) -> Trial:
        assignment = plan.assignment(number, Changes.model_validate(changes))
        stores = (trainings, tracking, model_inputs)
        return train_once(assignment, examples, weights, *stores, watch=watch)

    study = searches.open(plan.digest, plan.parameters.pruner)
    trials = search(study, plan.parameters, try_recipe)
    tracking.finish_study(trials[-1].result.assignment, examples.dataset)
    return trials


def compare_with_stages(
    trials: Sequence[Trial], final: Trial, ledger: pd.DataFrame
) -> tuple[pd.DataFrame, Figure]:
    """The best of the search against what the stages found, on the same photographs.

    Args:
        trials: Of the search.
        final: The model that the stages found.
        ledger: Says which photographs show one subject.

    Returns:
        A row a recipe, the stages' last, with `against_winner` of the stages' model
        against the best recipe; and a figure.
    """
    groups = groups_by_photograph(ledger)
    winner = choose([trial.result for trial in trials])
    both = [t for t in trials if t.result.assignment.variant == winner.variant]
    everything = [*trials, final]
    table = pd.DataFrame(
        [
            result_row(trial.result, winner=trial in both) | judge(trial, groups)
            for trial in everything
        ]
    ).assign(p_value=float("nan"), against_winner=NOT_COMPARED)
    if both:
        told = compare([*both, final], winner, groups).iloc[-1]
        last = table.index[-1]
        table.loc[last, ["p_value", "against_winner"]] = [
            told["p_value"],
            told["against_winner"],
        ]
        log_search(table, choice_optimism(trials, winner, groups))
    return table, plot_search(table)
