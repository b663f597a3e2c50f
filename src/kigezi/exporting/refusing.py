"""Whether a model refuses what it does not know."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from kigezi.answering.card import FILES, Doubt
from kigezi.answering.deciding import answered
from kigezi.exporting.runtimes import Answers

KNOWN_REFUSED = 0.05
"""fraction of the known photographs at which files are compared"""


def compare_unknown(
    known: Mapping[str, Answers],
    unknown: Mapping[str, Answers],
    kinds: npt.NDArray[np.str_],
    doubts: Mapping[str, Doubt],
) -> pd.DataFrame:
    """How well familiarity tells other things from the test photographs.

    None of the images was used to set a threshold.

    Args:
        known: Answers of each file to the test images.
        unknown: Answers of each file to images of other things.
        kinds: (images,), what these are.
        doubts: The thresholds of each file's card.

    Returns:
        A row a file and kind: `auroc` from 0.5 (chance) to 1; the percentage of other
        things refused if 5 % of the known ones are; that with the card's thresholds.
    """
    from sklearn.metrics import roc_auc_score

    rows = []
    for file, mine in known.items():
        others = unknown[file]
        cut = np.quantile(mine.familiarity, KNOWN_REFUSED)
        given = answered(others.probabilities, others.familiarity, doubts[file])
        for kind in np.unique(kinds):
            these = kinds == kind
            score = np.concatenate([mine.familiarity, others.familiarity[these]])
            truth = np.arange(len(score)) < len(mine.familiarity)
            rows.append(
                {
                    "file": FILES[file],
                    "other_things": kind,
                    "images": int(these.sum()),
                    "auroc": float(roc_auc_score(truth, score)),
                    "refused_at_5_percent": 100
                    * float((others.familiarity[these] < cut).mean()),
                    "refused": 100 * float((~given[these]).mean()),
                }
            )
    return pd.DataFrame(rows)
