"""How well the class is told by what should tell it, and by what should not."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kigezi.learning.doubting import measure_accuracy
from kigezi.learning.out_of_fold import (
    forest,
    forest_of_table,
    linear,
    make_folds,
    most_frequent,
    predict_out_of_fold,
)
from kigezi.progress import progress

Features = npt.NDArray[np.float32]
Predictions = dict[str, npt.NDArray[np.float64]]
"""Out-of-fold probabilities, (photographs, classes), by what the classifier may see."""

WHOLE = "the whole photograph"
BORDER = "border pixels alone"
FILE = "file data alone"
NOTHING = "nothing: most frequent class"

MEANINGS = {
    BORDER: "background, light or framing differ between the classes (unless the "
    "object itself reaches the border)",
    FILE: "size, format, camera or date differ between the classes (bytes also grow "
    "with the detail in a photograph)",
}
"""What it means if that alone tells the class."""

_NUMBERS = ["bytes", "bytes_per_pixel", "width", "height", "hour", "day"]
_WORDS = ["format", "mode", "camera"]


def predict_from_each(
    measures: pd.DataFrame, borders: Features, features: Features, most: int, seed: int
) -> Predictions:
    """Classes of all photographs, predicted on the same folds from each sight.

    Groups stay together: a near duplicate with the same wrong label would vouch for it.

    Args:
        measures: A row a photograph, with label, group_id and facts of its file.
        borders: Colours of the border, a row a photograph.
        features: What the backbone sees of the whole, a row a photograph.
        most: Folds, if every class has as many groups.
        seed: Decides the folds and the trees.
    """
    labels, count = class_indices(measures), len(measures)
    folds = make_folds(measures["label"], measures["group_id"], most, seed)
    seen: dict[str, tuple[Any, Any]] = {
        WHOLE: (linear(), features),
        BORDER: (forest(seed, count), borders),
        FILE: (forest_of_table(seed, count, _WORDS), measures[[*_NUMBERS, *_WORDS]]),
        NOTHING: (most_frequent(), borders),
    }
    shown = progress(seen.items(), len(seen), "quality: classifiers")
    return {
        name: predict_out_of_fold(model, rows, labels, folds)
        for name, (model, rows) in shown
    }


def tabulate_shortcuts(
    measures: pd.DataFrame, predictions: Predictions
) -> pd.DataFrame:
    """A row for each thing that a classifier may see; fractions from 0 to 1."""
    labels = class_indices(measures)
    rows = [
        {"seen": name, **measure_accuracy(labels, probabilities)}
        for name, probabilities in predictions.items()
    ]
    return pd.DataFrame(rows)


def class_indices(measures: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Index of each label in the sorted classes."""
    return pd.factorize(measures["label"], sort=True)[0]
