import pandas as pd
import pytest

from kigezi.reporting.sentences import (
    flattery,
    listed,
    told_of_published,
    verdict,
    with_interval,
)
from kigezi.statistics.published import compare_published
from tests.answers import answered, make_leaderboard
from tests.conftest import make_failed


def _right(count: int) -> list[bool]:
    return [number < count for number in range(100)]


def _rows() -> pd.DataFrame:
    table = make_leaderboard(
        answered("a", _right(95), learning_rate=1),
        answered("b", _right(60), learning_rate=2),
        answered("c", _right(94), learning_rate=3),
        answered("d", _right(95), learning_rate=1),
        make_failed("e"),
    )
    return table[table["stage"] == "freeze"]


def test_the_verdict_names_everybody() -> None:
    assert verdict(_rows()) == (
        "a won, with 95.0 % on validation. On the test photographs b is lower than the "
        "winner. c cannot be told from it on the test photographs. d is the very same "
        "training."
    )


def test_nobody_won() -> None:
    assert verdict(_rows().assign(winner=False)).startswith("No variant was better")


def test_what_is_listed() -> None:
    assert [listed("a"), listed("ab"), listed("abc")] == ["a", "a and b", "a, b and c"]


def test_accuracy_with_interval() -> None:
    rows = _rows().set_index("variant")
    assert with_interval(rows.loc["a"]) == "95.0 [88.8, 97.8]"
    assert with_interval(rows.loc["e"]) == ""


@pytest.mark.parametrize(("optimism", "said"), [(0.0, ""), (0.012, "about 1.2 points")])
def test_choosing_flatters(optimism: float, said: str) -> None:
    text = flattery(_rows().assign(choice_optimism=optimism))
    assert said in text
    assert bool(said) == bool(text)


def test_what_the_papers_differences_tell() -> None:
    paper = {"rate": {"a": {"test": 98}, "b": {"test": 60}, "c": {"test": 98}}}
    said = told_of_published(compare_published(paper))
    assert said.startswith("With 483 in the test set, 1 of 2 differences")
    assert said.endswith("and 1 could never be told.")
    assert "With 1,932 in the test set, 1 of 2" in said
