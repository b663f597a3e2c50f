"""Photographs of one subject are no independent evidence: groups are resampled.

scipy and statsmodels take long to import, so they are imported where they are needed.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

CONFIDENCE = 0.95

_RESAMPLES = 9999
_SEED = 0
"""The same answers always get the same interval."""


def sums_of_groups(
    values: npt.NDArray[Any], groups: npt.NDArray[Any]
) -> npt.NDArray[np.float64]:
    """Sums over the rows of each group, (groups,) or (groups, columns).

    Args:
        values: (rows,) or (rows, columns).
        groups: (rows,), the same for rows that show one subject.
    """
    names, places = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(names), *values.shape[1:]))
    np.add.at(sums, places, values)
    return sums


def groups_of(predictions: pd.DataFrame, groups: pd.Series) -> npt.NDArray[np.str_]:
    """The group of each answer's photograph, (answers,).

    Args:
        predictions: With a column photo_id.
        groups: Group by photo_id.
    """
    return predictions["photo_id"].map(groups).to_numpy(str)


def effective_sample_size(
    correct: npt.NDArray[np.bool_], groups: npt.NDArray[Any]
) -> float:
    """How many independent photographs these answers are worth.

    The number divided by the design effect (Kish 1965, "Survey Sampling"): how much
    more the accuracy varies when whole groups are resampled than it would if all
    photographs were independent. Where all answers are right or wrong nothing varies,
    and each group counts once.

    Args:
        correct: (photographs,), whether the answer is right.
        groups: (photographs,), the same for those that show one subject.

    Returns:
        At most the number of photographs; exactly that where none share a group.
    """
    share, count = correct.mean(), len(correct)
    right = sums_of_groups(correct, groups)
    if len(right) == count:
        return float(count)
    if share in (0, 1):
        return float(len(right))
    from scipy.stats import bootstrap

    sizes = sums_of_groups(np.ones(count), groups)
    found = bootstrap(
        (right, sizes),
        _share,
        paired=True,
        vectorized=True,
        n_resamples=_RESAMPLES,
        batch=100,
        method="percentile",
        rng=np.random.default_rng(_SEED),
    )
    independent = share * (1 - share) / count
    return count * min(1.0, independent / max(found.standard_error**2, independent))


def wilson_interval(accuracy: float, count: float) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927); not numbers where the share is none.

    With the effective number of photographs it allows for groups (Korn and Graubard
    1998, "Confidence Intervals for Proportions with Small Expected Number of Positive
    Counts Estimated from Survey Data").

    Args:
        accuracy: From 0 to 1.
        count: How many (independent) photographs it is the share of.
    """
    if np.isnan(accuracy):
        return np.nan, np.nan
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(
        accuracy * count, count, 1 - CONFIDENCE, method="wilson"
    )
    return float(low), float(high)


def paired_p_value(
    one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_], groups: npt.NDArray[Any]
) -> float:
    """How often chance alone would part two variants as far, on the same photographs.

    McNemar's exact test (1947). Where groups hold more than one photograph, the same
    test with whole groups changing sides, by permutation.

    Args:
        one: (photographs,), whether one variant is right.
        other: (photographs,), whether the other variant is.
        groups: (photographs,), the same for those that show one subject.
    """
    from scipy.stats import permutation_test
    from statsmodels.stats.contingency_tables import mcnemar

    if len(np.unique(groups)) == len(groups):
        table = [[0, (one & ~other).sum()], [(other & ~one).sum(), 0]]
        return float(mcnemar(table, exact=True).pvalue)
    leads = sums_of_groups(one.astype(int) - other, groups)
    leads = leads[leads != 0]  # others change nothing, whichever side they are on
    if len(leads) == 0:
        return 1.0
    found = permutation_test(
        (leads, np.zeros_like(leads)),
        _difference,
        permutation_type="samples",
        vectorized=True,
        n_resamples=_RESAMPLES,
        batch=100,
        rng=np.random.default_rng(_SEED),
    )
    return float(found.pvalue)


def holm(p_values: pd.Series) -> pd.Series:
    """P values corrected for as many tests by Holm (1979); those that are none stay so.

    The same as statsmodels' `multipletests`, which collects garbage at every call: in a
    process that has loaded so much, that takes longer than all other statistics.

    Args:
        p_values: One a test.
    """
    tested = p_values.dropna().sort_values()
    times = np.arange(len(tested), 0, -1)
    corrected = (tested * times).cummax().clip(upper=1)
    return corrected.reindex(p_values.index)


def _share(right: Any, sizes: Any, axis: int) -> Any:
    return right.sum(axis) / sizes.sum(axis)


def _difference(one: Any, other: Any, axis: int) -> Any:
    return (one - other).sum(axis)
