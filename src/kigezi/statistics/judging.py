"""Every variant of a stage against its winner, on the same test photographs."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from kigezi.records import Trial, TrialResult, Winner
from kigezi.statistics.measures import calibration_error, macro_f1
from kigezi.statistics.resampling import (
    CONFIDENCE,
    effective_sample_size,
    groups_of,
    holm,
    paired_p_value,
    wilson_interval,
)

WINNER, SAME, LOWER, HIGHER, UNTOLD, NOT_COMPARED = (
    "winner",
    "same training",
    "lower",
    "higher",
    "cannot be told",
    "not compared",
)
"""What a variant is against the winner. "Cannot be told" does not mean equal."""


def judge(trial: Trial, groups: pd.Series) -> dict[str, float]:
    """What a variant's answers on the test photographs say of it.

    With several seeds the interval is around their mean, and all else is the best
    seed's.

    Args:
        trial: The variant.
        groups: Group by photo_id: photographs of one subject have the same.

    Returns:
        test_low and test_high (95 % interval of the accuracy), macro_f1 and
        calibration_error, from 0 to 1; not numbers where nothing was answered.
    """
    answers = trial.predictions
    names = ("test_low", "test_high", "macro_f1", "calibration_error")
    if not len(answers):
        return dict.fromkeys(names, np.nan)
    count = effective_sample_size(*_answers(answers, groups))
    interval = wilson_interval(trial.result.mean("test").accuracy, count)
    f1 = macro_f1(answers, trial.result.classes)
    values = (*interval, f1, calibration_error(answers))
    return dict(zip(names, values, strict=True))


def compare(trials: Sequence[Trial], winner: Winner, groups: pd.Series) -> pd.DataFrame:
    """McNemar's paired test of each variant against the winner, with Holm's correction.

    As long as winners are chosen on validation photographs, the test photographs are
    fresh. Variants that are the very same training are left out of the test, and so
    are those that failed.

    Args:
        trials: The variants of one stage.
        winner: The stage's.
        groups: Group by photo_id: photographs of one subject have the same.

    Returns:
        A row a variant with `p_value`, `p_holm` (corrected for the stage's tests) and
        `against_winner`: winner, same training, lower, higher, cannot be told, or not
        compared (failed, or nobody won).
    """
    table = pd.DataFrame(
        {"p_value": np.nan, "p_holm": np.nan, "against_winner": NOT_COMPARED},
        index=range(len(trials)),
    )
    best = [t for t in trials if t.result.assignment.variant == winner.variant]
    if not best:
        return table
    for row, trial in enumerate(trials):
        if trial is best[0]:
            table.at[row, "against_winner"] = WINNER
        elif same_training(trial.result, best[0].result):
            table.at[row, "against_winner"] = SAME
        elif len(trial.predictions):
            p_value, difference = _test(trial, best[0], groups)
            table.loc[row, "p_value"] = p_value
            table.at[row, "against_winner"] = LOWER if difference < 0 else HIGHER
    return _correct(table)


def same_training(one: TrialResult, other: TrialResult) -> bool:
    """Whether two results are the same weights, so that nothing is to be compared."""
    return (one.key, one.best_epoch) == (other.key, other.best_epoch)


def _answers(
    predictions: pd.DataFrame, groups: pd.Series
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.str_]]:
    """Whether each answer is right, and the group of its photograph."""
    return predictions["correct"].to_numpy(bool), groups_of(predictions, groups)


def _test(trial: Trial, best: Trial, groups: pd.Series) -> tuple[float, float]:
    """P value, and how much better than the winner it answers."""
    ours, of = _answers(trial.predictions, groups)
    winners, _ = _answers(best.predictions, groups)
    return paired_p_value(ours, winners, of), ours.mean() - winners.mean()


def _correct(table: pd.DataFrame) -> pd.DataFrame:
    """Holm's correction (1979) for the tests of a stage, and what they cannot tell."""
    table["p_holm"] = holm(table["p_value"])
    untold = table["p_holm"] > 1 - CONFIDENCE
    return table.assign(against_winner=table["against_winner"].mask(untold, UNTOLD))
