"""How long the chosen settings take, before they are run."""

import time
from collections.abc import Iterable

import keras
import numpy as np

from kigezi.learning.backbone import build_model
from kigezi.schemas import BACKBONE_LAYERS, Recipe

FORWARD_ONLY, ALL_LAYERS = 1.1, 3.0
"""A training step against a forward pass: head only, and the entire network.

Measured at 224 px on 2 cores: 1.08, 0.95 (top 10), 1.12 (top 20) and 2.56 (all), and
about 3 at 96 px. The layers in between lie on a line, which errs on the slow side.
"""


def forward_seconds(recipe: Recipe, size: int, images: int = 128) -> float:
    """Seconds that the backbone needs for the forward pass of one image.

    Args:
        size: Side of the square image in pixels.
        images: How many images are timed; more are steadier and slower.
    """
    model = build_model(recipe, size, 2, weights=None)
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
    """Seconds that a recipe takes if no patience ends it.

    Args:
        forward: Seconds for the forward pass of one image.
        train: Training images an epoch.
        held_out: Validation photographs an epoch.
    """
    share = recipe.opened_layers / BACKBONE_LAYERS
    step = FORWARD_ONLY + (ALL_LAYERS - FORWARD_ONLY) * share
    return recipe.epochs * forward * (train * step + held_out)


def distinct_trainings(recipes: Iterable[Recipe]) -> list[Recipe]:
    """One recipe a training: equal but for epochs, the one with the most epochs."""
    longest: dict[str, Recipe] = {}
    for recipe in recipes:
        same = {"epochs": 1, "patience": 1, "batch_norm": recipe.effective_batch_norm}
        key = recipe.model_copy(update=same).model_dump_json()
        if key not in longest or longest[key].epochs < recipe.epochs:
            longest[key] = recipe
    return list(longest.values())
