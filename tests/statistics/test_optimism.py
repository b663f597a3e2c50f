import numpy as np
import pytest

from kigezi.choosing import choose
from kigezi.statistics.optimism import choice_optimism
from tests.answers import alone, answered, in_groups
from tests.conftest import make_failed, make_trial


def _by_chance(variants: int, count: int = 200) -> list:
    """Variants of the same skill, each with errors of its own."""
    rng = np.random.default_rng(0)
    orders = [rng.permutation(count) < 0.8 * count for _ in range(variants)]
    return [
        answered(f"v{number}", order, learning_rate=number + 1)
        for number, order in enumerate(orders)
    ]


def _optimism(trials: list, groups: object) -> float:
    return choice_optimism(trials, choose([t.result for t in trials]), groups)


def test_the_best_of_equals_flatters_itself() -> None:
    # The largest of 5 normal numbers is 1.16 standard errors above their mean.
    error = np.sqrt(0.8 * 0.2 / 200)
    assert _optimism(_by_chance(5), alone(200)) == pytest.approx(1.16 * error, rel=0.1)


def test_more_to_choose_from_flatters_more() -> None:
    few, many = (_optimism(_by_chance(n), alone(200)) for n in (2, 10))
    assert 0 < few < many


def test_groups_flatter_more() -> None:
    trials = [
        answered(f"v{n}", np.roll(np.arange(200) < 160, 40 * n), learning_rate=n + 1)
        for n in range(4)
    ]
    plain = _optimism(trials, alone(200))
    assert _optimism(trials, in_groups(200, 20)) > 2 * plain


def test_a_clear_winner_flatters_nobody() -> None:
    trials = [
        answered("good", [n < 190 for n in range(200)], learning_rate=1),
        answered("bad", [n < 20 for n in range(200)], learning_rate=2),
    ]
    assert _optimism(trials, alone(200)) == pytest.approx(0, abs=0.002)


def test_there_has_to_be_a_choice() -> None:
    one = answered("a", [True, True, False, True], learning_rate=1)
    again = answered("b", [True, True, False, True], learning_rate=1)
    assert _optimism([one, again], alone(4)) == 0
    assert _optimism([one, make_failed("big")], alone(4)) == 0
    assert _optimism([make_trial("a", 0.5), make_trial("b", 0.4)], alone(4)) == 0


def test_what_is_chosen_by_chance_is_held_to_its_own_accuracy() -> None:
    rng = np.random.default_rng(1)
    trials = [
        answered(f"v{n}", rng.permutation(200) < right, learning_rate=n + 1)
        for n, right in enumerate([160, *[154] * 9])
    ]
    # One of the nine is chosen as a rule: it seems to be better than the first one.
    assert _optimism(trials, alone(200)) > 0.03
