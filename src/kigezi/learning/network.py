"""Compiled networks that variants with the same graph use one after the other.

Tracing a training function takes longer than many an epoch of it, and it does not
depend on weights, learning rate, batch size or seed.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

import keras

from kigezi.learning.backbone import (
    build_model,
    calibrate,
    calibration_images,
    start_again,
    trained_weights,
)
from kigezi.learning.examples import Examples
from kigezi.learning.folding import fold
from kigezi.learning.prefix import ActivationStore, seen_through, split
from kigezi.learning.training import compile_for, forget
from kigezi.schemas import Recipe

_ONE_GRAPH = {
    "learning_rate": 1.0,
    "learning_rate_decay": 1.0,
    "batch_size": 1,
    "epochs": 1,
    "patience": 1,
    "seed": 0,
    "weights": "random",
}
"""Fields that a graph does not depend on, and a value for each."""


@dataclass(frozen=True)
class Network:
    """A model in the state in which a recipe's training begins."""

    whole: keras.Model
    """from uint8 pixels to probabilities"""
    below: keras.Model | None
    """the layers of it that always give the same for an image, if there are such"""
    part: keras.Model
    """the layers above, or all of them, compiled; it has the variables of `whole`"""

    @classmethod
    def begin(cls, recipe: Recipe, examples: Examples, weights: Path | None) -> Self:
        """The network of a recipe, with its first weights.

        It is kept for the next recipe with its graph, which begins it anew: only the
        network that was begun last has the weights of its recipe.
        """
        graph = recipe.model_copy(update=_ONE_GRAPH)
        network = _compiled(cls, graph, examples.size, len(examples.classes))
        start_again(network.whole, recipe, weights)
        if weights is None:
            rows = examples.rows("train", all_copies=False)
            few = rows[: calibration_images(examples.size, recipe.alpha)]
            calibrate(network.whole, examples.images[few])
        forget(network.part.optimizer)
        return network

    @staticmethod
    def forget() -> None:
        """Let the kept networks go, with the memory that they take."""
        _compiled.cache_clear()

    def seen(self, examples: Examples, store: ActivationStore) -> Examples:
        """What the part sees of the images."""
        if self.below is None:
            return examples
        return seen_through(self.below, examples, store)

    @property
    def trained_weights(self) -> int:
        """How many numbers training can change."""
        return trained_weights(self.whole)


_KEPT = 4
"""networks that are kept: a freeze stage has four, and its winner's is the next stages'

At 224 px and alpha 1.0 each takes less than 50 MB, beside 2 GB for a training step.
"""


@lru_cache(maxsize=_KEPT)
def _compiled(kind: type[Network], graph: Recipe, size: int, classes: int) -> Network:
    # What Keras remembers of networks that are let go would fill the memory.
    keras.utils.clear_session()
    whole = build_model(graph, size, classes, None)
    below, part = (model and fold(model) for model in split(whole))
    compile_for(part, graph)
    return kind(whole, below, part)
