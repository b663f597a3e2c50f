"""Nodes of the leakage pipeline."""

import logging
from typing import NamedTuple

import pandas as pd
from matplotlib.figure import Figure

from kigezi.flattery import paired_differences, score
from kigezi.learning.examples import Examples
from kigezi.photos.arranging import WAYS, arrange, images_by_group
from kigezi.pipelines.tune.nodes import train_variant
from kigezi.plan import apply_changes
from kigezi.plots import plot_leakage
from kigezi.records import Assignment, digest_of
from kigezi.schemas import IngestParameters, LeakageParameters, TuneParameters
from kigezi.stores import BackboneWeights, ModelInputs, Tracking, Trainings

_log = logging.getLogger(__name__)


class Run(NamedTuple):
    """One training: a recipe, and the images in the splits of one way and seed."""

    assignment: Assignment
    examples: Examples


def split_three_ways(
    ledger: pd.DataFrame,
    examples: Examples,
    ingest: IngestParameters,
    tune: TuneParameters,
    leakage: LeakageParameters,
) -> dict[str, list[Run]]:
    """The same images and recipe, split by images, by photographs and by groups.

    Args:
        ledger: Says which photographs show one subject.
        examples: All images of the dataset.
        ingest: Fractions of the splits.
        tune: Holds the baseline.
        leakage: Seeds, and what the recipe changes of the baseline.

    Returns:
        A run a seed, by way.
    """
    images = images_by_group(ledger, examples.photo_ids, examples.copies)
    recipe = apply_changes(tune.baseline, leakage.changes)
    plan = digest_of([recipe.model_dump(), leakage.seeds])
    split = ingest.split
    runs: dict[str, list[Run]] = {}
    for way in WAYS:
        for seed in leakage.seeds:
            splits = arrange(images, way, split.validation, split.test, seed)
            assignment = Assignment(
                stage="leakage",
                variant=f"by_{way}_{seed}",
                base=recipe,
                recipe=recipe.model_copy(update={"seed": seed}),
                seeds=(seed,),
                budgets=(recipe.epochs,),
                plan=plan,
                lineage=plan,
            )
            runs.setdefault(way, []).append(
                Run(assignment, examples.split_anew(splits))
            )
    return runs


def train_runs(
    runs: list[Run],
    backbone_weights: BackboneWeights,
    trainings: Trainings,
    tracking: Tracking,
    model_inputs: ModelInputs,
) -> pd.DataFrame:
    """Train with the splits of one way, or find it trained.

    Returns:
        A row a run and way of scoring: see `kigezi.flattery.score`.
    """
    stores = (backbone_weights, trainings, tracking, model_inputs)
    rows = []
    for assignment, examples in runs:
        trial = train_variant(assignment, examples, *stores).trained()
        rows.append(score(trial.predictions).assign(seed=assignment.recipe.seed))
    tracking.finish_study(assignment, examples.dataset)
    return pd.concat(rows, ignore_index=True)


def compare_ways(
    images: pd.DataFrame, photographs: pd.DataFrame, groups: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, Figure]:
    """By how much splitting images flatters, with an interval.

    Args:
        images: Scores of the runs that were split by images, and so on.

    Returns:
        The scores of all runs, the paired differences, and a figure of both.
    """
    ways = zip(WAYS, (images, photographs, groups), strict=True)
    scores = pd.concat(
        [table.assign(way=way) for way, table in ways], ignore_index=True
    )
    differences = paired_differences(scores)
    for row in differences.itertuples():
        _log.info(
            "split by %s instead of by %s, scored on %s: accuracy %+.1f points "
            "[%+.1f, %+.1f], loss %+.3f [%+.3f, %+.3f]",
            *(row.way, row.instead_of, row.scored_on),
            *(100 * row.accuracy, 100 * row.accuracy_low, 100 * row.accuracy_high),
            *(row.loss, row.loss_low, row.loss_high),
        )
    return scores, differences, plot_leakage(scores, differences)
