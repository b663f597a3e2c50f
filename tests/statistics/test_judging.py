import math

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from kigezi.choosing import choose
from kigezi.statistics.judging import (
    HIGHER,
    LOWER,
    NOT_COMPARED,
    SAME,
    UNTOLD,
    WINNER,
    compare,
    judge,
)
from kigezi.statistics.resampling import paired_p_value, wilson_interval
from tests.answers import alone, answered, in_groups
from tests.conftest import make_failed, make_trial


def _right(count: int, of: int = 100) -> list[bool]:
    return [number < count for number in range(of)]


def test_a_variant_is_judged() -> None:
    row = judge(answered("a", _right(90)), alone(100))
    assert (row["test_low"], row["test_high"]) == wilson_interval(0.9, 100)
    assert row["macro_f1"] == pytest.approx(0.9)
    assert row["calibration_error"] == pytest.approx(0.1)


def test_groups_widen_the_interval() -> None:
    trial = answered("a", _right(90))
    plain, grouped = judge(trial, alone(100)), judge(trial, in_groups(100, 5))
    assert grouped["test_low"] < plain["test_low"] - 0.02
    assert grouped["test_high"] > plain["test_high"] + 0.02


def test_what_failed_has_no_figures() -> None:
    assert all(map(math.isnan, judge(make_failed("big"), alone(4)).values()))


def test_each_variant_is_tested_against_the_winner() -> None:
    trials = [
        answered("best", _right(95), learning_rate=0.1),
        answered("worse", _right(60), learning_rate=0.2),
        answered("near", _right(94), learning_rate=0.3),
        answered("again", _right(95), learning_rate=0.1),
        make_failed("big"),
    ]
    table = compare(trials, choose([t.result for t in trials]), alone(100))
    assert table["against_winner"].tolist() == [
        WINNER,
        LOWER,
        UNTOLD,
        SAME,
        NOT_COMPARED,
    ]
    assert table["p_value"].notna().tolist() == [False, True, True, False, False]
    raw = [
        paired_p_value(np.array(_right(95)), np.array(_right(n)), np.arange(100))
        for n in (60, 94)
    ]
    assert table["p_value"].dropna().tolist() == raw
    holm = multipletests(raw, method="holm")[1]
    assert table["p_holm"].dropna().tolist() == pytest.approx(holm.tolist())


def test_a_variant_may_be_better_than_the_winner_on_test() -> None:
    low, high = (
        answered("low", _right(60), learning_rate=1),
        answered("high", _right(95)),
    )
    validation = low.result.validation.model_copy(update={"accuracy": 0.99})
    low = type(low)(
        low.result.model_copy(update={"validation": validation}), low.predictions
    )
    winner = choose([low.result, high.result])
    assert compare([low, high], winner, alone(100))["against_winner"].tolist() == [
        WINNER,
        HIGHER,
    ]


def test_holms_correction_may_take_a_difference_back() -> None:
    best = answered("best", _right(95), learning_rate=0.1)
    # 6 lost photographs alone: p = 0.03; of four such variants none is told any more.
    others = [answered(f"v{n}", _right(89), learning_rate=n + 1) for n in range(4)]
    winner = choose([best.result])
    one = compare([best, others[0]], winner, alone(100))
    assert one["against_winner"].tolist() == [WINNER, LOWER]
    all_four = compare([best, *others], winner, alone(100))
    assert all_four["against_winner"].tolist() == [WINNER, *[UNTOLD] * 4]


def test_nobody_is_compared_without_a_winner() -> None:
    trials = [make_trial("a", 0.5), make_trial("b", 0.4)]
    table = compare(trials, choose([t.result for t in trials]), alone(4))
    assert table["against_winner"].tolist() == [NOT_COMPARED] * 2
    assert table["p_holm"].isna().all()
