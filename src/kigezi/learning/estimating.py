"""How long the chosen settings take, before they are run."""

import time
from collections.abc import Iterable

import keras
import numpy as np

from kigezi.learning.backbone import build_model
from kigezi.learning.folding import fold
from kigezi.schemas import BACKBONE_LAYERS, Recipe

HEAD_ONLY, ALL_LAYERS = 0.05, {"frozen": 3.5, "train": 6.0}
"""A training step against a forward pass of all layers, by what normalization does.

Layers that are not trained are computed once and are not in it. Measured at 224 px on
2 cores: 0.02 (head only), 3.5 (all) and 6.1 (all, and normalization too); about 3 (all)
at 96 px. The layers in between are taken to lie on a line, which errs on the slow side.
"""


def forward_seconds(recipe: Recipe, size: int, images: int = 128) -> float:
    """Seconds that the backbone needs for the forward pass of one image.

    Args:
        size: Side of the square image in pixels.
        images: How many images are timed; more are steadier and slower.
    """
    model = fold(build_model(recipe, size, 2, weights=None))
    pixels = np.zeros((images, size, size, 3), np.uint8)
    model.predict(pixels, batch_size=32, verbose=0)
    started = time.perf_counter()
    model.predict(pixels, batch_size=32, verbose=0)
    seconds = time.perf_counter() - started
    keras.utils.clear_session()
    return seconds / images


def training_seconds(
    recipe: Recipe, forward: float, train: int, held_out: int
) -> float:
    """Seconds that a recipe takes if no patience ends it, with a prefix of its own.

    Args:
        forward: Seconds for the forward pass of one image.
        train: Training images an epoch.
        held_out: Validation photographs an epoch.
    """
    share = recipe.opened_layers / BACKBONE_LAYERS
    step = HEAD_ONLY + (ALL_LAYERS[recipe.effective_batch_norm] - HEAD_ONLY) * share
    once = (train + held_out) * (1 - share)
    return forward * (once + recipe.epochs * (train * step + held_out * share))


def distinct_trainings(recipes: Iterable[Recipe]) -> list[Recipe]:
    """One recipe a training: equal but for epochs, the one with the most epochs."""
    longest: dict[str, Recipe] = {}
    for recipe in recipes:
        same = {"epochs": 1, "patience": 1, "batch_norm": recipe.effective_batch_norm}
        key = recipe.model_copy(update=same).model_dump_json()
        if key not in longest or longest[key].epochs < recipe.epochs:
            longest[key] = recipe
    return list(longest.values())
