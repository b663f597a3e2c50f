"""What every exported file has to hold, measured on the whole test set."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from kigezi.answering.card import FILES, Doubt
from kigezi.answering.deciding import answered
from kigezi.errors import DataError
from kigezi.exporting.runtimes import Answers
from kigezi.schemas import Budgets
from kigezi.statistics.resampling import effective_sample_size, wilson_interval

_FIRST = "keras"
"""kind of the file that all others were made from"""

_ROUNDING = 1e-9
"""points: 100 * 0.014 - 100 * 0.009 is more than 0.5"""


def compare_files(
    files: Mapping[str, bytes],
    answers: Mapping[str, Answers],
    labels: npt.NDArray[np.int64],
    groups: npt.NDArray[np.str_],
    doubts: Mapping[str, Doubt],
) -> pd.DataFrame:
    """A row a file: how right, how alike, how large and how fast it is.

    Args:
        files: The bytes of each, by kind: see `kigezi.answering.card.FILES`.
        answers: Of each, to the test images.
        labels: (images,), the right classes.
        groups: (images,), the same for images of one subject.
        doubts: When each gives no answer.

    Returns:
        Accuracies and agreement in percent, with a 95 % interval of the accuracy;
        `answered` and `wrong_of_answered` are with the thresholds of its card, and
        `risk_bound` is what that promises of the latter.
    """
    best = answers[_FIRST]
    rows = []
    for kind, data in files.items():
        mine = answers[kind]
        answer = mine.probabilities.argmax(axis=1)
        correct = answer == labels
        share = float(correct.mean())
        low, high = wilson_interval(share, effective_sample_size(correct, groups))
        doubt = doubts[kind]
        given = answered(mine.probabilities, mine.familiarity, doubt)
        changed = answer != best.probabilities.argmax(axis=1)
        rows.append(
            {
                "kind": kind,
                "file": FILES[kind],
                "accuracy": 100 * share,
                "low": 100 * low,
                "high": 100 * high,
                "changed": int(changed.sum()),
                "agreement": 100 * float(1 - changed.mean()),
                "largest_difference": float(
                    np.abs(mine.probabilities - best.probabilities).max()
                ),
                "answered": 100 * float(given.mean()),
                "wrong_of_answered": 100 * float((~correct[given]).mean())
                if given.any()
                else np.nan,
                "risk_bound": 100 * doubt.risk_bound,
                "least_confidence": 100 * doubt.least_confidence,
                "least_familiarity": doubt.least_familiarity,
                "megabytes": len(data) / 1e6,
                "median_ms": float(np.median(mine.milliseconds)),
                "slowest_5_percent_ms": float(np.percentile(mine.milliseconds, 95)),
            }
        )
    return pd.DataFrame(rows)


def list_changes(
    answers: Mapping[str, Answers],
    labels: npt.NDArray[np.int64],
    paths: npt.NDArray[np.str_],
    classes: tuple[str, ...],
) -> pd.DataFrame:
    """The images that a file answers otherwise than Keras does, a row each.

    Args:
        answers: Of each file, to the test images.
        labels: (images,), the right classes.
        paths: (images,), of their photographs.
        classes: Names of the classes.
    """
    names = np.array(classes)
    before = answers[_FIRST].probabilities
    tables = []
    for kind, mine in answers.items():
        now = mine.probabilities
        rows = np.flatnonzero(now.argmax(axis=1) != before.argmax(axis=1))
        tables.append(
            pd.DataFrame(
                {
                    "file": FILES[kind],
                    "path": paths[rows],
                    "label": names[labels[rows]],
                    "was": names[before[rows].argmax(axis=1)],
                    "is": names[now[rows].argmax(axis=1)],
                    "was_confidence": before[rows].max(axis=1),
                    "is_confidence": now[rows].max(axis=1),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def check_budgets(table: pd.DataFrame, budgets: Budgets) -> None:
    """Refuse files that lose more than they may.

    Args:
        table: From `compare_files`.
        budgets: What each kind of file may lose and weigh.

    Raises:
        DataError: At least one does; all of them are named.
    """
    whole = float(table.loc[table["kind"] == _FIRST, "accuracy"].iloc[0])
    problems = []
    for row in table.to_dict("records"):
        lost = whole - row["accuracy"]
        allowed = getattr(budgets.points_lost, row["kind"], 0.0)
        if lost > allowed + _ROUNDING:
            problems.append(
                f"{row['file']} loses {lost:.2f} points of accuracy "
                f"(export.budgets.points_lost.{row['kind']} allows {allowed:g})"
            )
        if budgets.megabytes is not None and row["megabytes"] > budgets.megabytes:
            problems.append(
                f"{row['file']} has {row['megabytes']:.2f} MB "
                f"(export.budgets.megabytes allows {budgets.megabytes:g})"
            )
        if budgets.median_ms is not None and row["median_ms"] > budgets.median_ms:
            problems.append(
                f"{row['file']} takes {row['median_ms']:.2f} ms "
                f"(export.budgets.median_ms allows {budgets.median_ms:g})"
            )
    if problems:
        raise DataError(
            f"the export is refused: {'; '.join(problems)}. Nothing was "
            "shipped, and what was exported before stays; see "
            "data/08_reporting/export.csv, and conf/base/parameters_export.yml for the "
            "budgets."
        )
