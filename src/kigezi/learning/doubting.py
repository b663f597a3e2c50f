"""How far a class can be told, and which given classes are doubtful."""

from typing import Any

import numpy as np
import numpy.typing as npt

Probabilities = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


def find_doubtful(labels: Labels, probabilities: Probabilities) -> npt.NDArray[np.bool]:
    """Which labels are likely to be wrong.

    Confident learning, Northcutt, Jiang and Chuang (2021), doi:10.1613/jair.1.12125.
    No label is doubted because of a classifier that hardly knows the classes.

    Args:
        labels: (photographs,) indices of the given classes.
        probabilities: (photographs, classes), out of fold.
    """
    if not _knows_classes(labels, probabilities):
        return np.zeros(len(labels), bool)
    from cleanlab.filter import find_label_issues

    # One process: others would import everything anew, and print.
    return find_label_issues(labels, probabilities, n_jobs=1)


def measure_accuracy(labels: Labels, probabilities: Probabilities) -> dict[str, Any]:
    """Accuracy with its 95 % interval (Wilson 1927), and balanced accuracy.

    Args:
        labels: (photographs,) indices of the given classes.
        probabilities: (photographs, classes), out of fold.

    Returns:
        Fractions from 0 to 1. Balanced accuracy is the mean over the classes, so that
        a frequent class does not count more.
    """
    from scipy.stats import binomtest
    from sklearn.metrics import balanced_accuracy_score

    answers = probabilities.argmax(axis=1)
    right = int((answers == labels).sum())
    interval = binomtest(right, len(labels)).proportion_ci(method="wilson")
    return {
        "accuracy": right / len(labels),
        "low": float(interval.low),
        "high": float(interval.high),
        "balanced_accuracy": float(balanced_accuracy_score(labels, answers)),
        "photographs": len(labels),
    }


def _knows_classes(labels: Labels, probabilities: Probabilities) -> bool:
    """Better than the most frequent class, or half way from chance to perfect.

    The second holds where one class is so frequent that the first cannot be shown.
    """
    figures = measure_accuracy(labels, probabilities)
    frequent = np.bincount(labels).max() / len(labels)
    half_way = (1 + 1 / probabilities.shape[1]) / 2
    return figures["low"] > frequent or figures["balanced_accuracy"] >= half_way
