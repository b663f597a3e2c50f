"""Layers that are not trained, computed once for all variants that share them.

Stored images always give the same activations in layers that stay as they are. So a
variant is cut below its first trained layer, and only the part above is trained. The
weights are the same bits as those that the whole model learns.
"""

import hashlib
import itertools
import os
from dataclasses import replace
from typing import Any, Protocol

import keras
import numpy as np
import numpy.typing as npt

from kigezi.learning.examples import Examples
from kigezi.processor import ONEDNN_VARIABLE, shortened_math
from kigezi.progress import progress
from kigezi.records import digest_of

_BATCH = 64

_STORED = np.dtype(np.float32)
"""holds every number of a shorter type too"""


class ActivationStore(Protocol):
    """Where activations are kept."""

    def get_or_make(
        self, digest: str, shape: tuple[int, ...], fill: Any, dtype: npt.DTypeLike
    ) -> npt.NDArray[Any]:
        """The array of a digest, made where it is missing."""


def split(model: keras.Model) -> tuple[keras.Model | None, keras.Model]:
    """The layers that always give the same for an image, and those above.

    Args:
        model: As `build_model` makes it; both parts are made of its own layers.

    Returns:
        None and the model itself if it is trained from its first layers on.
    """
    layer = end_of_prefix(model)
    if layer is None:
        return None, model
    return keras.Model(model.input, layer.output), keras.Model(
        layer.output, model.output
    )


def seen_through(
    below: keras.Model, examples: Examples, store: ActivationStore
) -> Examples:
    """The examples with activations of the layers below in the place of images."""
    rows = _rows_in_use(examples)

    def fill(activations: npt.NDArray[np.float32]) -> None:
        starts = range(0, len(rows), _BATCH)
        what = f"frozen layers up to {below.layers[-1].name}: batches of {_BATCH}"
        for start in progress(starts, len(starts), what):
            batch = rows[start : start + _BATCH]
            # A batch of another length would be traced anew, which takes longer.
            whole = np.resize(batch, min(_BATCH, len(rows)))
            seen = below.predict_on_batch(examples.images[whole])
            activations[batch] = seen[: len(batch)]

    activations = store.get_or_make(
        _digest(below, examples),
        (len(examples.images), *below.output_shape[1:]),
        fill,
        _STORED,
    )
    return replace(examples, images=activations)


def end_of_prefix(model: keras.Model) -> keras.layers.Layer | None:
    """The highest layer that may end the prefix, if there is one.

    Nothing at or below it is trained or random, no layer above looks past it, and its
    output takes less room than the image, so that activations never fill the disk.
    """
    image, *layers = model.layers
    room = int(np.prod(image.output.shape[1:]))  # a byte a number
    place = {id(layer.output): index for index, layer in enumerate(layers)}
    seen = [
        min(place.get(id(tensor), -1) for tensor in keras.tree.flatten(layer.input))
        for layer in layers
    ]
    fixed = itertools.takewhile(_is_fixed, layers)
    alone = [
        layer
        for index, layer in enumerate(fixed)
        if min(seen[index + 1 :]) >= index and _bytes(layer) < room
    ]
    return alone[-1] if alone else None


def _is_fixed(layer: keras.layers.Layer) -> bool:
    return not layer.trainable_weights and not isinstance(layer, keras.layers.Dropout)


def _bytes(layer: keras.layers.Layer) -> int:
    """What the layer's output takes for one image, stored."""
    return int(np.prod(layer.output.shape[1:])) * _STORED.itemsize


def _rows_in_use(examples: Examples) -> npt.NDArray[np.int64]:
    """Rows that are trained on or measured: other copies stay zero."""
    measured = (examples.copies == 0) | examples.every_copy
    return np.flatnonzero(measured | (examples.splits == "train"))


def _digest(below: keras.Model, examples: Examples) -> str:
    """What decides the activations: the images, the layers and their weights."""
    weights = hashlib.sha256()
    for weight in below.get_weights():
        weights.update(np.ascontiguousarray(weight))
    precisions = {layer.dtype_policy.name for layer in below.layers}
    rows = {"rows": "all"} if examples.every_copy else {}
    return digest_of(
        {
            **rows,
            "dataset": examples.dataset,
            "layers": [layer.name for layer in below.layers],
            "weights": weights.hexdigest(),
            "backend": keras.backend.backend(),
            "precision": "+".join(sorted(precisions)),
            "onednn": os.environ.get(ONEDNN_VARIABLE, ""),
            **shortened_math(),
        }
    )
