"""How good weights are: the same code for every split, variant and figure."""

import math

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd

from kigezi.learning.batches import batches_of
from kigezi.learning.examples import Examples
from kigezi.records import SMALLEST_PROBABILITY, Figures, Split

_BATCH = 64

NO_ANSWER = "(no answer)"
"""What a diverged model predicts: its probabilities are not numbers."""


def predict(
    model: keras.Model, examples: Examples, rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Class probabilities of the rows, shape (rows, classes)."""
    batches = batches_of(examples, _in_whole_batches(rows), _BATCH)
    return model.predict(batches, verbose=0)[: len(rows)]


def _in_whole_batches(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The rows and the first ones again: a shorter batch would be traced anew.

    With XLA it would be compiled anew: 16 s at 224 px on an NVIDIA H100.
    """
    return np.resize(rows, math.ceil(len(rows) / _BATCH) * _BATCH)


def measure(
    probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]
) -> Figures:
    """Accuracy and mean cross-entropy; NaN where the model answers NaN.

    Args:
        probabilities: (images, classes), each row summing to 1.
        labels: (images,) class indices.
    """
    if not np.isfinite(probabilities).all():
        return Figures(accuracy=np.nan, loss=np.nan, photographs=len(labels))
    right = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return Figures(
        accuracy=float((probabilities.argmax(axis=1) == labels).mean()),
        loss=float(-np.log(right.clip(SMALLEST_PROBABILITY)).mean()),
        photographs=len(labels),
    )


def evaluate(
    model: keras.Model, examples: Examples, split: Split
) -> tuple[Figures, pd.DataFrame]:
    """Figures on what a split is judged by, and all predictions made."""
    rows = examples.rows(split, all_copies=examples.every_copy)
    probabilities = predict(model, examples, rows)
    labels, counted = examples.labels[rows], np.isin(rows, examples.judged(split))
    figures = measure(probabilities[counted], labels[counted])
    return figures, _table(examples, rows, probabilities)


def _table(
    examples: Examples,
    rows: npt.NDArray[np.int64],
    probabilities: npt.NDArray[np.float32],
) -> pd.DataFrame:
    names = np.array(examples.classes)
    labels = examples.labels[rows]
    answered = np.isfinite(probabilities).all(axis=1)
    predicted = probabilities.argmax(axis=1)
    table = pd.DataFrame(
        {
            "photo_id": examples.photo_ids[rows],
            "copy": examples.copies[rows],
            "label": names[labels],
            "predicted": np.where(answered, names[predicted], NO_ANSWER),
            "correct": answered & (predicted == labels),
        }
    )
    headings = [f"probability_{name}" for name in names]
    return table.join(pd.DataFrame(probabilities, columns=headings))
