"""Transfer learning in plain Keras, as its own guide writes it: the peer.

https://keras.io/guides/transfer_learning/ with `image_dataset_from_directory`, which
the guide recommends for images of one's own. Decoded images are cached and batches
prefetched, as in the guide; images are shuffled anew in every epoch. `compile` and
`fit` keep their defaults. Two things differ from the guide:

- It trains the top layers of the backbone, not only none or all of them.
- Batch normalization is kept frozen by `layer.trainable = False`. The guide relies on
  `base(x, training=False)`, which Keras 3 ignores inside `fit`
  (https://github.com/keras-team/keras/issues/20285).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

BATCH = 32
LEARNING_RATE = 1e-4
DROPOUT = 0.2
ALL = 154
"""layers of the backbone without its top"""
_AUTOTUNE = -1
"""`tf.data.AUTOTUNE`; other backends train without TensorFlow"""


@dataclass(frozen=True)
class Fit:
    """What a training took; both sides report it."""

    ends: list[float]
    """seconds from the very start to the end of each epoch"""
    accuracies: list[float]
    """on the validation images after each epoch"""
    once: dict[str, float]
    """seconds of what is done before the first epoch, by name"""

    @property
    def steady(self) -> float:
        """Seconds of an epoch after the first, which also traces."""
        return median(np.diff(self.ends).tolist())

    def whole(self, epochs: int) -> float:
        """Seconds of this many epochs; those that were not run are taken as steady."""
        return self.ends[-1] + (epochs - len(self.ends)) * self.steady


@dataclass(frozen=True)
class Stepped:
    """What some steps took; both sides report it."""

    seconds: float
    """of a steady step"""
    losses: list[float]
    """of each step"""
    accuracy: float
    """on the validation images afterwards"""


class Steps(keras.callbacks.Callback):
    """Loss and time of every step of one epoch; both sides use it."""

    def __init__(self) -> None:
        super().__init__()
        self._ends: list[float] = []
        self._means: list[float] = []

    def on_train_batch_end(
        self, batch: int, logs: dict[str, Any] | None = None
    ) -> None:
        """Keras hands over the mean loss of the epoch so far."""
        self._means.append(float((logs or {})["loss"]))
        self._ends.append(time.perf_counter())

    @property
    def seconds(self) -> float:
        """Seconds of a step in the second half: the first ones trace and warm up."""
        return median(np.diff(self._ends[len(self._ends) // 2 - 1 :]).tolist())

    @property
    def losses(self) -> list[float]:
        """The loss of each step."""
        sums = np.array(self._means) * np.arange(1, len(self._means) + 1)
        return np.diff(sums, prepend=0.0).tolist()


class _Clock(keras.callbacks.Callback):
    """When each epoch ended."""

    def __init__(self, started: float) -> None:
        super().__init__()
        self._started = started
        self.ends: list[float] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        """Validation is part of the epoch."""
        self.ends.append(time.perf_counter() - self._started)


def build(
    size: int,
    classes: int,
    opened: int,
    weights: Path,
    *,
    dropout: float = DROPOUT,
    alpha: float = 1.0,
) -> keras.Model:
    """A compiled model whose top layers are trained.

    Args:
        size: Side of the square images in pixels.
        classes: How many classes there are.
        opened: Layers of the backbone that are trained, from the top.
        weights: File with the backbone's weights.
        dropout: Fraction of the features that is dropped while training.
        alpha: Width of the backbone.
    """
    base = keras.applications.MobileNetV2(
        input_shape=(size, size, 3), alpha=alpha, include_top=False, weights=weights
    )
    for height, layer in enumerate(reversed(base.layers)):
        normalizes = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = height < opened and not normalizes
    inputs = keras.Input((size, size, 3))
    features = keras.layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    features = base(features, training=False)
    features = keras.layers.GlobalAveragePooling2D()(features)
    features = keras.layers.Dropout(dropout)(features)
    # The seed is there only so that both sides start from the same head.
    first = keras.initializers.GlorotUniform(seed=0)
    outputs = keras.layers.Dense(
        classes, activation="softmax", kernel_initializer=first
    )(features)
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.Adam(LEARNING_RATE),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def cached(
    folder: Path, size: int, *, shuffled: bool, batch: int = BATCH
) -> "tf.data.Dataset":
    """Batches of the JPEG files in class folders, decoded in the first epoch only."""
    images = keras.utils.image_dataset_from_directory(
        folder,
        image_size=(size, size),
        batch_size=None,
        shuffle=shuffled,
        seed=0,
        verbose=False,
    )
    images = images.cache()
    if shuffled:
        images = images.shuffle(1000)
    return images.batch(batch).prefetch(_AUTOTUNE)


def ordered(folder: Path, size: int, labels: Sequence[int]) -> "tf.data.Dataset":
    """Batches of the image files in one folder, in the order of their names."""
    images = keras.utils.image_dataset_from_directory(
        folder,
        labels=list(labels),
        image_size=(size, size),
        batch_size=BATCH,
        shuffle=False,
        verbose=False,
    )
    return images.prefetch(_AUTOTUNE)


def fit(
    folder: Path, size: int, classes: int, opened: int, weights: Path, epochs: int
) -> Fit:
    """Train on `train` and `validation` in the folder, from files to the last epoch."""
    started = time.perf_counter()
    train = cached(folder / "train", size, shuffled=True)
    validation = cached(folder / "validation", size, shuffled=False)
    listed = time.perf_counter()
    model = build(size, classes, opened, weights)
    built = time.perf_counter()
    clock = _Clock(started)
    history = model.fit(
        train, validation_data=validation, epochs=epochs, callbacks=[clock], verbose=0
    ).history
    once = {"list files": listed - started, "build": built - listed}
    return Fit(clock.ends, history["val_accuracy"], once)


def step(
    folder: Path, labels: Sequence[int], held_out: Path, size: int, weights: Path
) -> Stepped:
    """Train the entire network on the files of one folder once, in their order.

    Args:
        folder: Image files, as many as labels.
        labels: Index of the class of each file.
        held_out: Validation images in class folders.
        size: Side of the square images in pixels.
        weights: File with the backbone's weights.
    """
    validation = cached(held_out, size, shuffled=False)
    model = build(size, max(labels) + 1, ALL, weights, dropout=0.0)
    steps = Steps()
    train = ordered(folder, size, labels)
    model.fit(train, shuffle=False, callbacks=[steps], verbose=0)
    _, accuracy = model.evaluate(validation, verbose=0)
    return Stepped(steps.seconds, steps.losses, accuracy)


def forward(folder: Path, size: int, classes: int, weights: Path) -> float:
    """Seconds that predicting all images in class folders takes, once decoded."""
    model = build(size, classes, 0, weights)
    images = cached(folder, size, shuffled=False)
    model.predict(images, verbose=0)
    started = time.perf_counter()
    model.predict(images, verbose=0)
    return time.perf_counter() - started
