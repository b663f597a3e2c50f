import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from statsmodels.stats.multitest import multipletests

from kigezi.statistics.resampling import (
    effective_sample_size,
    holm,
    paired_p_value,
    sums_of_groups,
    wilson_interval,
)


def _right(count: int, of: int) -> np.ndarray:
    return np.arange(of) < count


def test_sums_of_groups() -> None:
    groups = np.array(["b", "a", "b"])
    assert sums_of_groups(np.array([1, 2, 3]), groups).tolist() == [2, 4]
    assert sums_of_groups(np.eye(3), groups).tolist() == [[0, 1, 0], [1, 0, 1]]


def test_the_interval_is_wilsons() -> None:
    low, high = wilson_interval(0.9, 50)
    expected = binomtest(45, 50).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high))
    assert wilson_interval(1.0, 30)[1] == pytest.approx(1)
    assert all(map(math.isnan, wilson_interval(math.nan, 30)))


def test_photographs_alone_are_worth_their_number() -> None:
    assert effective_sample_size(_right(40, 50), np.arange(50)) == 50


def test_photographs_that_only_repeat_each_other_count_once() -> None:
    correct = np.repeat(_right(40, 50), 4)
    groups = np.repeat(np.arange(50), 4)
    assert effective_sample_size(correct, groups) == pytest.approx(50, rel=0.1)
    assert effective_sample_size(np.ones(200, bool), groups) == 50


def test_groups_without_likeness_cost_nothing() -> None:
    correct = np.tile([True, True, True, False], 50)
    assert effective_sample_size(correct, np.repeat(np.arange(50), 4)) == 200


def test_the_same_answers_get_the_same_number() -> None:
    correct, groups = np.random.default_rng(1).random(60) < 0.8, np.arange(60) // 3
    assert effective_sample_size(correct, groups) == effective_sample_size(
        correct, groups
    )


def test_mcnemars_exact_test() -> None:
    one, other = _right(90, 100), _right(80, 100)
    p_value = paired_p_value(one, other, np.arange(100))
    assert p_value == pytest.approx(binomtest(0, 10).pvalue)
    assert paired_p_value(one, one, np.arange(100)) == 1


@pytest.mark.parametrize(
    "p_values", [[0.2], [0.01, 0.04, 0.03, 0.005], [0.5, 0.5, 0.9], [0.02, 0.02]]
)
def test_holms_correction_is_that_of_statsmodels(p_values: list[float]) -> None:
    expected = multipletests(p_values, method="holm")[1]
    assert holm(pd.Series(p_values)).tolist() == pytest.approx(expected.tolist())
    with_gap = holm(pd.Series([*p_values, math.nan], index=range(5, 6 + len(p_values))))
    assert with_gap.tolist()[:-1] == pytest.approx(expected.tolist())
    assert math.isnan(with_gap.iloc[-1])


def test_photographs_of_one_subject_are_one_piece_of_evidence() -> None:
    one, other = np.repeat(_right(25, 30), 2), np.repeat(_right(20, 30), 2)
    groups = np.repeat(np.arange(30), 2)
    # Five subjects lead: two sides, each with a chance of 1/32.
    assert paired_p_value(one, other, groups) == pytest.approx(2 / 32)
    assert paired_p_value(one, one, groups) == 1


def test_groups_of_one_are_tested_as_without_groups() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.random(300) < 0.9, rng.random(300) < 0.85
    pairs = np.arange(300)
    pairs[1] = 0  # a single group of two
    plain = paired_p_value(one, other, np.arange(300))
    assert paired_p_value(one, other, pairs) == pytest.approx(plain, abs=0.03)
