"""What the backbone sees in a photograph before any training."""

from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from kigezi.learning.examples import Examples
from kigezi.learning.folding import fold
from kigezi.learning.network import Network
from kigezi.learning.prefix import ActivationStore, seen_through
from kigezi.schemas import Recipe


def frozen_features(
    recipe: Recipe, examples: Examples, weights: Path | None, store: ActivationStore
) -> npt.NDArray[np.float32]:
    """The pooled output of the backbone, as the head of the network sees it.

    Args:
        recipe: Width, precision and seed of the backbone.
        examples: The images.
        weights: File with the backbone's weights, or none for random ones.
        store: Where the features are kept for the next time.

    Returns:
        (images, features); may be memory-mapped.
    """
    whole = Network.begin(recipe, examples, weights).whole
    below = keras.Model(whole.input, whole.get_layer("features").output)
    return seen_through(fold(below), examples, store).images
