import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kigezi.answering.deciding import COLUMNS, UNSURE, answered, as_row, decide
from tests.cards import make_card, make_doubt

CARD = make_card(classes=("beech", "fern", "moss", "oak"))
NUMBER = st.floats(0, 1, width=32) | st.just(math.nan)


def _decide(*probabilities: float, familiarity: float = -1.0) -> dict:
    return as_row(decide(np.array(probabilities, np.float32), familiarity, CARD))


def test_the_most_probable_class_is_the_answer() -> None:
    row = _decide(0.1, 0.7, 0.05, 0.15)
    assert list(row) == list(COLUMNS)
    assert row == {
        "answer": "fern",
        "confidence": 0.7,
        "reason": "",
        "familiarity": -1.0,
        "first": "fern",
        "first_probability": 0.7,
        "second": "oak",
        "second_probability": 0.15,
        "third": "beech",
        "third_probability": 0.1,
    }


def test_no_class_is_probable_enough() -> None:
    row = _decide(0.4, 0.3, 0.2, 0.1)
    assert (row["answer"], row["first"]) == (UNSURE, "beech")
    assert row["reason"] == "no class is probable enough"
    assert row["confidence"] == 0.4


def test_it_is_unlike_what_was_learnt_from() -> None:
    unlike = "it does not look like the photographs that were learnt from"
    for first, reason in (
        (0.97, unlike),
        (0.4, f"{unlike}; no class is probable enough"),
    ):
        row = _decide(first, 0.03, 0.3, 0.3, familiarity=-2.1)
        assert (row["answer"], row["reason"]) == (UNSURE, reason)


def test_the_thresholds_themselves_are_enough() -> None:
    assert _decide(0.5, 0.3, 0.1, 0.1, familiarity=-2.0)["answer"] == "beech"


@pytest.mark.parametrize("familiarity", [math.nan, -math.inf])
def test_a_familiarity_that_is_no_number_is_unsure(familiarity: float) -> None:
    assert _decide(0.9, 0.1, 0, 0, familiarity=familiarity)["answer"] == UNSURE


@pytest.mark.parametrize("probabilities", [[math.nan] * 4, [0.9, math.nan, 0.05, 0.05]])
def test_probabilities_that_are_no_numbers_are_unsure(
    probabilities: list[float],
) -> None:
    row = _decide(*probabilities)
    assert (row["answer"], row["reason"]) == (UNSURE, "no class is probable enough")


@pytest.mark.parametrize("classes", [("oak",), ("oak", "fern")])
def test_fewer_than_three_classes(classes: tuple[str, ...]) -> None:
    card = make_card(classes=classes)
    probabilities = np.array([0.9, 0.1], np.float32)[: len(classes)]
    row = as_row(decide(probabilities, -1.0, card))
    assert list(row) == list(COLUMNS)
    assert row["answer"] == row["first"] == "oak"
    assert row["third"] == ""
    assert math.isnan(row["third_probability"])
    assert {name: type(value) for name, value in row.items()} == COLUMNS


def test_equal_probabilities_keep_the_order_of_the_classes() -> None:
    row = _decide(0.25, 0.25, 0.25, 0.25)
    assert [row["first"], row["second"], row["third"]] == ["beech", "fern", "moss"]


@given(arrays(np.float32, (1, 4), elements=NUMBER), NUMBER)
def test_one_photograph_is_decided_as_many_are(
    probabilities: np.ndarray, unlike: float
) -> None:
    familiarity = np.array([-3 * unlike], np.float32)
    alone = decide(probabilities[0], float(familiarity[0]), CARD)
    (given,) = answered(probabilities, familiarity, make_doubt())
    assert given == (alone.label != UNSURE) == (alone.reason == "")
