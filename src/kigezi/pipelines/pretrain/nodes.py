"""Nodes of the pretrain pipeline. Keras is imported only where a model is needed."""

import hashlib
import logging

import numpy as np
import numpy.typing as npt
import pandas as pd

from kigezi.learning.examples import Examples
from kigezi.photos.drawing import drawn_names
from kigezi.photos.patterns import PATTERNS, PATTERNS_VERSION, draw_pattern
from kigezi.progress import progress
from kigezi.quiet import import_keras
from kigezi.records import Assignment, Trial, digest_of
from kigezi.schemas import PretrainParameters
from kigezi.stores import ModelInputs, Tracking, Trainings

_log = logging.getLogger(__name__)

_HELD_OUT = 20
"""One image in so many of each class is for validation, and another one for test."""


def draw_patterns(
    parameters: PretrainParameters, model_inputs: ModelInputs
) -> Examples:
    """Draw the images of every class, or find them drawn."""
    names = drawn_names(parameters.images, PATTERNS)
    shape = (len(names), parameters.size, parameters.size, 3)
    decided_by = parameters.model_dump(include={"seed"})
    digest = digest_of({**decided_by, "shape": shape, "version": PATTERNS_VERSION})

    def fill(pixels: npt.NDArray[np.uint8]) -> None:
        for row, name in enumerate(progress(names, len(names), "draw: patterns")):
            pixels[row] = draw_pattern(*name, parameters.seed, parameters.size)

    images = model_inputs.get_or_make(digest, shape, fill)
    manifest = pd.DataFrame(names, columns=["label", "index"])
    turn = manifest["index"] % _HELD_OUT
    manifest["split"] = turn.map({0: "validation", 1: "test"}).fillna("train")
    manifest["copy"] = 0
    manifest["photo_id"] = manifest["label"] + "_" + manifest["index"].astype(str)
    return Examples.of(manifest, images, digest)


def plan_training(parameters: PretrainParameters, examples: Examples) -> Assignment:
    """The one training of this pipeline, as if it were a variant of a stage."""
    recipe = parameters.recipe
    decided_by = digest_of([recipe.model_dump(), examples.digest])
    return Assignment(
        stage="pretrain",
        variant="backbone",
        base=recipe,
        recipe=recipe,
        seeds=(recipe.seed,),
        budgets=(recipe.epochs,),
        plan=decided_by,
        lineage=decided_by,
    )


def keep_backbone(trial: Trial, trainings: Trainings, tracking: Tracking) -> bytes:
    """The trained backbone without its head, as a file of float16 weights."""
    import_keras()
    from kigezi.learning.backbone import export_backbone

    result = trial.trained().result
    training = trainings.find(result.key)
    alpha = result.assignment.recipe.alpha
    weights = export_backbone(training.model_path(result.best_epoch), alpha)
    tracking.finish_study(result.assignment, result.dataset)
    _log.info(
        "Backbone of %.2f MB, sha256 %s: to use it, name its file (`backbone` in "
        "conf/base/catalog_06_models.yml) as tune.baseline.weights, with alpha %s",
        len(weights) / 1e6,
        hashlib.sha256(weights).hexdigest(),
        alpha,
    )
    return weights
