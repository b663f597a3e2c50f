"""Which differences between the published accuracies could be told from chance."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from kigezi.statistics.resampling import CONFIDENCE, holm

TEST_SIZES = (483, 1932)
"""Test photographs, or test images: a fifth of the study's 2,415 and 9,660."""

Stage = Mapping[str, Mapping[str, float]]


def compare_published(paper: Mapping[str, Stage]) -> pd.DataFrame:
    """Each published variant against the best of its stage, for sizes of the test set.

    Only accuracies are published, not who was right where. Unpaired tests ignore that
    all variants saw the same photographs. McNemar's paired test depends on how many
    photographs only one of two variants got right: at best nothing that the worse one
    gets right is missed by the better one, at worst their errors never coincide (and
    rounding hides as much of the difference as it can).
    P values are corrected by Holm (1979) within a stage.

    Args:
        paper: Test accuracy in percent by stage and variant, under `test`.

    Returns:
        A row a stage, variant and size: `stage, variant, against, points, test_size`,
        the p values `unpaired, paired_at_best, paired_at_worst`, and `told_apart`:
        always, if even the worst case tells; never, if not even the best one does;
        or depends.
    """
    tables = [
        _test_stage(name, stage, size)
        for name, stage in paper.items()
        for size in TEST_SIZES
        if len(stage) > 1
    ]
    return pd.concat(tables, ignore_index=True)


def _test_stage(name: str, stage: Stage, size: int) -> pd.DataFrame:
    test = {variant: figures["test"] for variant, figures in stage.items()}
    best = max(test, key=lambda variant: test[variant])
    rows = [
        {
            "stage": name,
            "variant": variant,
            "against": best,
            "points": accuracy - test[best],
            "test_size": size,
            "unpaired": _unpaired(test[best], accuracy, size),
            "paired_at_best": _paired_at_best(test[best], accuracy, size),
            "paired_at_worst": _paired_at_worst(test[best], accuracy, size),
        }
        for variant, accuracy in test.items()
        if variant != best
    ]
    return _correct(pd.DataFrame(rows))


def _right(percent: float, size: int) -> int:
    return round(size * percent / 100)


def _paired_at_best(higher: float, lower: float, size: int) -> float:
    return _mcnemar(_right(higher, size) - _right(lower, size), 0)


def _paired_at_worst(higher: float, lower: float, size: int) -> float:
    """Published figures are rounded: the true ones may be half a point nearer, each."""
    more, fewer = _right(higher - 0.5, size), _right(lower + 0.5, size)
    apart = min(size - more, fewer)
    return _mcnemar(max(0, more - fewer) + apart, apart)


def _unpaired(higher: float, lower: float, size: int) -> float:
    from statsmodels.stats.proportion import proportions_ztest

    counts = [_right(higher, size), _right(lower, size)]
    return float(proportions_ztest(counts, [size, size])[1])


def _mcnemar(only_one: int, only_other: int) -> float:
    from statsmodels.stats.contingency_tables import mcnemar

    return float(mcnemar([[0, only_one], [only_other, 0]], exact=True).pvalue)


def _correct(table: pd.DataFrame) -> pd.DataFrame:
    for column in ("unpaired", "paired_at_best", "paired_at_worst"):
        table[column] = holm(table[column])
    limit = 1 - CONFIDENCE
    told = np.select(
        [table["paired_at_worst"] <= limit, table["paired_at_best"] > limit],
        ["always", "never"],
        "depends",
    )
    return table.assign(told_apart=told)
