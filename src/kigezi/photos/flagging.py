"""Which photographs a person should look at, and why."""

import numpy as np
import pandas as pd

from kigezi.schemas import QualityParameters

_FEWEST = 10
"""photographs of a class below which its spread says nothing: all are taken instead"""

_SMALLEST_SHARE = 0.05
"""Spread of a share from 0 to 1 below which no difference is worth a look."""

_SMALLEST_RATIO = 0.1
"""The same of the logarithm of a size: a factor of 1.1."""

_SMALLEST_SHARPNESS = 0.4
"""The same of the logarithm of sharpness, which a blur of 1 px divides by 10 or more.

With 0.1, leaves that were less wrinkled than others of their class were blurred.
"""


def flag_photographs(
    measures: pd.DataFrame, parameters: QualityParameters
) -> pd.DataFrame:
    """A column of booleans for each kind of flag but the label's, a row a photograph.

    A photograph is flagged beyond an absolute bound, or where it is an outlier: more
    than so many robust standard deviations from the median of its class (Iglewicz and
    Hoaglin 1993, How to detect and handle outliers, ASQC).

    Args:
        measures: Columns label, width, height, sharpness, brightness and clipped.
        parameters: Bounds, and how far off an outlier is.
    """
    far, groups = parameters.outlier, _groups(measures["label"], parameters)
    sharp, light = measures["sharpness"], measures["brightness"]
    # Sharpness is skewed: its logarithm is nearer to a normal distribution.
    sharper = _distance(np.log1p(sharp), groups, _SMALLEST_SHARPNESS)
    lighter = _distance(light, groups, _SMALLEST_SHARE)
    clipped = measures["clipped"]
    emptier = _distance(clipped, groups, _SMALLEST_SHARE)
    return pd.DataFrame(
        {
            "blurred": (sharper < -far) | (sharp < _or(parameters.least_sharpness, 0)),
            "dark": (lighter < -far) | (light < _or(parameters.least_brightness, 0)),
            "bright": (lighter > far) | (light > _or(parameters.most_brightness, 1)),
            "clipped": (emptier > far) | (clipped > _or(parameters.most_clipped, 1)),
            "odd_size": _odd_size(measures, parameters),
        }
    )


def _or(bound: float | None, none: float) -> float:
    """The bound, or one that nothing is beyond."""
    return none if bound is None else bound


def _groups(labels: pd.Series, parameters: QualityParameters) -> pd.Series:
    """What each photograph is compared with; 0 stands for all of them."""
    counts = labels.map(labels.value_counts())
    alone = (counts < _FEWEST) | (parameters.compared_with == "dataset")
    return labels.astype("category").cat.codes.add(1).mask(alone, 0)


def _distance(values: pd.Series, groups: pd.Series, smallest: float) -> pd.Series:
    """How many robust standard deviations above the median of the group.

    Args:
        values: A row a photograph.
        groups: 0 compares with all photographs, another number with its like.
        smallest: Least standard deviation: of 50 equal values it would be 0.
    """
    distance = _from_median(values, smallest)
    for group, members in values.groupby(groups):
        if group != 0:
            distance[members.index] = _from_median(members, smallest)
    return distance


def _from_median(values: pd.Series, smallest: float) -> pd.Series:
    from scipy.stats import median_abs_deviation

    spread = median_abs_deviation(values, scale="normal")
    return (values - values.median()) / max(spread, smallest)


def _odd_size(measures: pd.DataFrame, parameters: QualityParameters) -> pd.Series:
    """Shorter side or proportions far from the median of all, and rare.

    Where two cameras were used, one of them is far from the median, but not odd.
    """
    sides = np.log(measures[["width", "height"]])
    odd = pd.Series(False, measures.index)
    for values in (sides.min(axis=1), sides.max(axis=1) - sides.min(axis=1)):
        everything = pd.Series(0, values.index)
        far = _distance(values, everything, _SMALLEST_RATIO).abs() > parameters.outlier
        odd |= far & (_share_alike(values) < parameters.rare_size)
    return odd


def _share_alike(values: pd.Series) -> pd.Series:
    """The share of the other values that lie within a factor of 1.1."""
    ordered = np.sort(values)
    above = np.searchsorted(ordered, values + _SMALLEST_RATIO, "right")
    below = np.searchsorted(ordered, values - _SMALLEST_RATIO, "left")
    return pd.Series((above - below - 1) / max(1, len(values) - 1), values.index)
