"""What one variant's answers on the test photographs are worth."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import f1_score, precision_recall_fscore_support

BINS = 15
"""Bins of confidence, as in Guo et al. (2017)."""


def probabilities(predictions: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Class probabilities, (photographs, classes), in the order of the classes."""
    return predictions.filter(regex="^probability_").to_numpy(np.float64)


def confidence(predictions: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Probability of the answer that is given, (photographs,)."""
    return probabilities(predictions).max(axis=1)


def macro_f1(predictions: pd.DataFrame, classes: tuple[str, ...]) -> float:
    """Mean over the classes of F1, so that a small class counts as much as a large."""
    return float(
        f1_score(
            predictions["label"],
            predictions["predicted"],
            labels=classes,
            average="macro",
            zero_division=0,
        )
    )


def by_class(predictions: pd.DataFrame, classes: tuple[str, ...]) -> pd.DataFrame:
    """A row a class: label, photographs, precision, recall and f1, from 0 to 1.

    A class that is never answered has precision 0.
    """
    precision, recall, f1, photographs = precision_recall_fscore_support(
        predictions["label"], predictions["predicted"], labels=classes, zero_division=0
    )
    return pd.DataFrame(
        {
            "label": classes,
            "photographs": photographs,
            "precision": precision,
            "recall": recall,
            "f1": f1,
        }
    )


def calibration_curve(predictions: pd.DataFrame) -> pd.DataFrame:
    """Confidence beside accuracy, a row for each bin that holds answers.

    Returns:
        Rows with `photographs`, `confidence` and `accuracy` (means, from 0 to 1).
    """
    sure = confidence(predictions)
    bins = np.clip(np.ceil(sure * BINS), 1, BINS)
    table = pd.DataFrame({"confidence": sure, "accuracy": predictions["correct"] * 1.0})
    counts = table.groupby(bins).size().to_numpy()
    means = table.groupby(bins).mean().reset_index(drop=True)
    means.insert(0, "photographs", counts)
    return means


def calibration_error(predictions: pd.DataFrame) -> float:
    """Expected calibration error, from 0 to 1, of the answers given.

    How far confidence and accuracy lie apart on average (Guo et al. 2017, "On
    Calibration of Modern Neural Networks", https://arxiv.org/abs/1706.04599), in 15
    bins of equal width. Of few photographs it is too large, for chance parts the two.
    """
    if not np.isfinite(probabilities(predictions)).all():
        return np.nan
    curve = calibration_curve(predictions)
    apart = (curve["confidence"] - curve["accuracy"]).abs()
    return float(np.average(apart, weights=curve["photographs"]))
