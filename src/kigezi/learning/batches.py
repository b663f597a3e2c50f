"""Images and labels as `fit` and `predict` read them."""

import math
from typing import TYPE_CHECKING

import keras
import numpy as np
import numpy.typing as npt

from kigezi.learning.examples import Examples

if TYPE_CHECKING:
    import tensorflow as tf


def batches_of(
    examples: Examples, rows: npt.NDArray[np.int64], batch_size: int
) -> "Batches | tf.data.Dataset":
    """Images and labels of some rows, in their order.

    For TensorFlow it is a dataset that does not tune itself, as one from Keras would:
    the thread that tunes sleeps 10 ms, 20 ms, 40 ms and so on, and the end of an epoch
    may have to wait for it, at worst as long again as the epoch took (TensorFlow 2.21).
    """
    batches = Batches(examples, rows, batch_size)
    if keras.backend.backend() != "tensorflow":
        return batches
    import tensorflow as tf

    parts = batches[0]

    def read(index: tf.Tensor) -> tuple[tf.Tensor, ...]:
        types = [part.dtype for part in parts]
        tensors = tf.numpy_function(batches.__getitem__, [index], types, stateful=False)
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.set_shape((None, *part.shape[1:]))
        return tuple(tensors)

    options = tf.data.Options()
    options.autotune.enabled = False
    indices = tf.data.Dataset.range(len(batches))
    return indices.map(read).prefetch(2).with_options(options)


class Batches(keras.utils.PyDataset):
    """Images and labels of some rows, in their order, a batch at a time."""

    def __init__(
        self, examples: Examples, rows: npt.NDArray[np.int64], batch_size: int
    ) -> None:
        super().__init__()
        self._examples = examples
        self._rows = rows
        self._batch_size = batch_size

    def __len__(self) -> int:
        return math.ceil(len(self._rows) / self._batch_size)

    def __getitem__(
        self, index: int
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
        start = index * self._batch_size
        rows = self._rows[start : start + self._batch_size]
        return self._examples.images[rows], self._examples.labels[rows]
