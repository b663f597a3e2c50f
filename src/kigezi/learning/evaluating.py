"""How good weights are: the same code for every split, variant and figure."""

import math

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd

from kigezi.learning.examples import Examples
from kigezi.records import SMALLEST_PROBABILITY, Figures, Split

NO_ANSWER = "(no answer)"
"""What a diverged model predicts: its probabilities are not numbers."""


def predict(
    model: keras.Model, examples: Examples, rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """Class probabilities of the rows, shape (rows, classes)."""
    batches = Batches(examples, rows, batch_size=64)
    return model.predict(batches, verbose=0)


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
