"""Nodes of the tune pipeline. Keras is imported only where a model is needed."""

import logging
from collections.abc import Sequence
from functools import cache, partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from kigezi.choosing import choose, combine
from kigezi.errors import DataError
from kigezi.learning.examples import Examples
from kigezi.photos.arranging import arrange, images_by_group
from kigezi.photos.building import build_digest, kept_rows
from kigezi.photos.leaks import refuse_leaks
from kigezi.photos.reading import decode_stored
from kigezi.pipelines.tune.variant import train_once
from kigezi.plan import (
    apply_changes,
    budgets,
    check_winner,
    costliest_study,
    lineage,
)
from kigezi.plots import plot_trial
from kigezi.progress import progress
from kigezi.quiet import import_keras
from kigezi.records import (
    Assignment,
    TimeEstimate,
    Trial,
    Winner,
    digest_of,
)
from kigezi.schemas import (
    AugmentParameters,
    ImageParameters,
    IngestParameters,
    Recipe,
    TuneParameters,
)
from kigezi.statistics.tables import (
    compare_variants,
    describe_final_model,
    groups_by_photograph,
    measure_classes,
)
from kigezi.stores import (
    AugmentedVersions,
    BackboneWeights,
    ModelInputs,
    Tracking,
    Trainings,
)
from kigezi.wording import (
    in_words,
    log_doubt,
    log_estimate,
    log_repeats,
    log_winner,
)

_log = logging.getLogger(__name__)


def open_examples(
    ledger: pd.DataFrame,
    augmented: AugmentedVersions,
    model_inputs: ModelInputs,
    image: ImageParameters,
    augment: AugmentParameters,
) -> Examples:
    """Open the dataset version of these photographs and settings, newest or not.

    Raises:
        DataError: There is none, it is not as it was written, or what is judged on
            would be trained on.
    """
    version = augmented.version(build_digest(kept_rows(ledger), image, augment))
    version.check()
    refuse_leaks(ledger, version.manifest)
    paths = version.manifest["path"]

    def fill(pixels: npt.NDArray[np.uint8]) -> None:
        shown = progress(paths, len(paths), "decode: images")
        for row, path in enumerate(shown):
            pixels[row] = decode_stored(version.read(path))

    shape = (len(paths), image.size, image.size, 3)
    images = model_inputs.get_or_make(version.digest, shape, fill)
    return Examples.of(version.manifest, images, version.digest)


def split_examples(
    ledger: pd.DataFrame,
    images: Examples,
    ingest: IngestParameters,
    tune: TuneParameters,
) -> Examples:
    """The images as the protocol splits them: as they are, or anew after augmentation.

    Args:
        ledger: Says the class of each photograph.
        images: All images, split before they were augmented.
        ingest: Fractions of the splits and their seed.
        tune: Holds the protocol.
    """
    if tune.protocol.split == "photographs":
        return images
    _log.warning(
        "Images are split after augmentation (tune.protocol.split), so that changed "
        "copies of most test photographs are trained on: accuracies are too good."
    )
    split = ingest.split
    table = images_by_group(ledger, images.photo_ids, images.copies)
    splits = arrange(table, "images", split.validation, split.test, split.seed)
    return images.split_anew(splits, copies_count=True)


def resolve_recipes(
    tune: TuneParameters, examples: Examples, previous: Winner | None = None
) -> dict[str, Assignment]:
    """The recipe of every variant of the stage that follows the previous winner."""
    names = list(tune.stages.root)
    position = names.index(previous.stage) + 1 if previous else 0
    if previous:
        check_winner(previous, tune, examples.dataset)
    stage = names[position]
    base = previous.recipe if previous else tune.baseline
    _log.info("Stage %s starts from %s", stage, in_words(base))
    recipes = {
        variant: apply_changes(base, changes)
        for variant, changes in tune.stages.root[stage].root.items()
    }
    return {
        variant: Assignment(
            stage=stage,
            variant=variant,
            base=base,
            recipe=recipe,
            seeds=tune.seeds or (recipe.seed,),
            budgets=budgets(tune),
            plan=lineage(tune, len(names)),
            lineage=lineage(tune, position + 1),
            protocol=tune.protocol,
        )
        for variant, recipe in recipes.items()
    }


def estimate_study(
    ledger: pd.DataFrame,
    image: ImageParameters,
    augment: AugmentParameters,
    tune: TuneParameters,
    trainings: Trainings,
) -> TimeEstimate:
    """Say how long the study takes at most, from a measured forward pass.

    Which variants win is not known before, so every stage is taken to start from the
    costliest recipe of the stage before it.
    """
    dataset = build_digest(kept_rows(ledger), image, augment)
    if trainings.has_whole(_study(lineage(tune, len(tune.stages.root)), dataset)):
        _log.info("Every training of this study is there already.")
        return TimeEstimate(trainings=0, seconds=0, forward_seconds=0)
    import_keras()
    from kigezi.learning.estimating import (
        distinct_trainings,
        forward_seconds,
        training_seconds,
    )

    splits = ledger.loc[ledger["status"] == "kept", "split"].value_counts()
    images = int(splits["train"]) * (augment.copies + 1)

    @cache
    def forward(alpha: float, precision: str) -> float:
        changes = {"alpha": alpha, "precision": precision}
        return forward_seconds(tune.baseline.model_copy(update=changes), image.size)

    def seconds(recipe: Recipe) -> float:
        one = forward(recipe.alpha, recipe.precision)
        return training_seconds(recipe, one, images, int(splits["validation"]))

    trainings = distinct_trainings(costliest_study(tune, seconds))
    total = sum(seconds(recipe) for recipe in trainings)
    log_estimate(len(trainings), images, total, tune.baseline.patience)
    baseline = forward(tune.baseline.alpha, tune.baseline.precision)
    return TimeEstimate(
        trainings=len(trainings), seconds=total, forward_seconds=baseline
    )


def train_variant(
    assignment: Assignment,
    examples: Examples,
    backbone_weights: BackboneWeights,
    trainings: Trainings,
    tracking: Tracking,
    model_inputs: ModelInputs,
) -> Trial:
    """Train a variant with each seed, or find it trained, and measure the best weights.

    Returns:
        The trial of the best seed, with the figures of all of them.
    """
    weights = backbone_weights.find(assignment.recipe)
    stores = (trainings, tracking, model_inputs)
    trials = [
        train_once(assignment.with_seed(seed), examples, weights, *stores)
        for seed in assignment.seeds
    ]
    trial = combine(trials)
    if trial.result.repeats:
        log_repeats(trial.result)
    return trial


def choose_winner(
    ledger: pd.DataFrame, *trials: Trial
) -> tuple[Winner, pd.DataFrame, pd.DataFrame]:
    """The variant with the highest validation accuracy, and how sure one may be.

    Returns:
        The winner, a row a variant with its statistics, and a row a variant and class.
    """
    return _choose_and_compare(ledger, trials, None)


def choose_winner_after(
    ledger: pd.DataFrame, previous: Winner, *trials: Trial
) -> tuple[Winner, pd.DataFrame, pd.DataFrame]:
    """The same for a later stage, which keeps the winner before if none is eligible."""
    return _choose_and_compare(ledger, trials, previous)


def keep_final_model(
    last: Winner, trainings: Trainings, tracking: Tracking
) -> tuple[bytes, Trial]:
    """The last stage's winner as the study's model; it is not trained again."""
    if last.result is None:
        raise DataError(
            "No variant of any stage answered better than always guessing the most "
            "frequent class, so there is no final model: see each stage's "
            "comparison.csv in data/07_model_output, and try another learning rate or "
            "more epochs in conf/base/parameters_tune.yml."
        )
    training = trainings.find(last.result.key)
    best = last.result.best_epoch
    if training.evaluation(best) is None:
        raise DataError(
            f"the winner's model in {training.folder} is missing or damaged: run "
            "`kedro run --pipeline=tune` again, which makes it anew."
        )
    assignment = last.result.assignment.model_copy(
        update={"stage": "final", "variant": "final_model"}
    )
    changes = {"assignment": assignment, "repeats": ()}
    result = last.result.model_copy(update=changes)
    trial = Trial(result, training.predictions(best))
    model = training.model_path(best)
    with tracking.begin(assignment, result.dataset, result.key) as run:
        run.finish(trial, partial(plot_trial, trial), model)
    tracking.finish_study(assignment, result.dataset)
    trainings.mark_whole(_study(assignment.plan, result.dataset))
    _log.info("Final model: %s", in_words(last.recipe))
    return model.read_bytes(), trial


def judge_final_model(
    ledger: pd.DataFrame, final: Trial
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row with the final model's figures, and a row a class."""
    groups = groups_by_photograph(ledger)
    return describe_final_model(final, groups), measure_classes([final])


def _study(plan: str, dataset: str) -> str:
    return digest_of([plan, dataset])


def _choose_and_compare(
    ledger: pd.DataFrame, trials: Sequence[Trial], previous: Winner | None
) -> tuple[Winner, pd.DataFrame, pd.DataFrame]:
    winner = choose([trial.result for trial in trials], previous)
    table = compare_variants(trials, winner, groups_by_photograph(ledger))
    log_winner(winner, trials[0].result)
    log_doubt(winner, table)
    return winner, table, measure_classes(trials)
