"""By how much one way of splitting looks better than another, and how sure that is."""

from itertools import combinations

import numpy as np
import pandas as pd

from kigezi.photos.arranging import WAYS
from kigezi.records import SMALLEST_PROBABILITY

SCORED_ON = {"photographs": [0], "all copies": None}
"""what is scored, and which copies that is"""

_CONFIDENCE = 0.95


def score(predictions: pd.DataFrame) -> pd.DataFrame:
    """Accuracy and loss on the test images, with and without changed copies.

    Args:
        predictions: A row an image with `label, copy, correct` and a
            `probability_<label>` for each class.

    Returns:
        Rows with `scored_on, images, accuracy` (fraction) and `loss` (mean
        cross-entropy in nats).
    """
    rows = []
    for scored_on, copies in SCORED_ON.items():
        chosen = (
            predictions
            if copies is None
            else predictions[predictions["copy"].isin(copies)]
        )
        right = [
            chosen.at[row, f"probability_{label}"]
            for row, label in chosen["label"].items()
        ]
        rows.append(
            {
                "scored_on": scored_on,
                "images": len(chosen),
                "accuracy": chosen["correct"].mean(),
                "loss": -np.log(
                    np.clip(np.array(right, float), SMALLEST_PROBABILITY, None)
                ).mean(),
            }
        )
    return pd.DataFrame(rows)


def paired_differences(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean differences between the ways of splitting, seed by seed.

    The interval is Student's of the paired differences. It holds for other seeds on
    these photographs; other photographs would differ by more.

    Args:
        scores: Rows with `way, seed, scored_on, accuracy, loss`.

    Returns:
        Rows with `way, instead_of, scored_on, seeds`, and of accuracy (fraction) and
        loss the mean difference and its 95 % interval.
    """
    rows = []
    for way, instead_of in combinations(WAYS, 2):
        for scored_on in SCORED_ON:
            chosen = scores[scores["scored_on"] == scored_on].set_index(["way", "seed"])
            rows.append(
                {
                    "way": way,
                    "instead_of": instead_of,
                    "scored_on": scored_on,
                    "seeds": len(chosen.loc[way]),
                    **_interval("accuracy", chosen, way, instead_of),
                    **_interval("loss", chosen, way, instead_of),
                }
            )
    return pd.DataFrame(rows)


def _interval(
    figure: str, scores: pd.DataFrame, way: str, instead_of: str
) -> dict[str, float]:
    # It takes most of a second, which every command of the project would wait for.
    from scipy.stats import ttest_1samp

    paired = scores.loc[way, figure] - scores.loc[instead_of, figure]
    if paired.nunique() == 1:  # Student's interval is not defined without any spread
        low = high = float(paired.iloc[0])
    else:
        low, high = ttest_1samp(paired, 0).confidence_interval(_CONFIDENCE)
    return {
        figure: float(paired.mean()),
        f"{figure}_low": float(low),
        f"{figure}_high": float(high),
    }
