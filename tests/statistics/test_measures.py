import math

import numpy as np
import pytest

from kigezi.learning.evaluating import NO_ANSWER
from kigezi.statistics.measures import (
    by_class,
    calibration_curve,
    calibration_error,
    confidence,
    macro_f1,
)
from tests.answers import make_answers

CLASSES = ("dark", "light")


def test_each_class_is_measured() -> None:
    # dark, light, dark, light: the last one is called dark.
    table = by_class(make_answers([True, True, True, False]), CLASSES)
    assert table["label"].tolist() == ["dark", "light"]
    assert table["photographs"].tolist() == [2, 2]
    assert table["precision"].tolist() == [pytest.approx(2 / 3), 1]
    assert table["recall"].tolist() == [1, 0.5]
    assert table["f1"].tolist() == pytest.approx([0.8, 2 / 3])


def test_macro_f1_is_the_mean_of_the_classes() -> None:
    answers = make_answers([True, True, True, False])
    assert macro_f1(answers, CLASSES) == pytest.approx((0.8 + 2 / 3) / 2)
    never = answers.assign(predicted="dark")
    assert macro_f1(never, CLASSES) == pytest.approx(2 / 3 / 2)


def test_a_model_without_answers_has_no_f1_and_no_calibration() -> None:
    silent = make_answers([False] * 4, math.nan).assign(predicted=NO_ANSWER)
    assert macro_f1(silent, CLASSES) == 0
    assert math.isnan(calibration_error(silent))


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    sure = make_answers([True] * 9 + [False], 0.9)
    assert calibration_error(sure) == pytest.approx(0)
    assert calibration_error(make_answers([True] * 5 + [False] * 5, 0.9)) == (
        pytest.approx(0.4)
    )


def test_bins_hold_answers_of_like_confidence() -> None:
    answers = make_answers([True, True, False, False])
    answers["probability_dark"] = [0.99, 0.02, 0.45, 0.55]
    answers["probability_light"] = 1 - answers["probability_dark"]
    curve = calibration_curve(answers)
    assert curve["photographs"].tolist() == [2, 2]
    assert curve["accuracy"].tolist() == [0, 1]
    assert curve["confidence"].tolist() == pytest.approx([0.55, 0.985])
    assert np.allclose(confidence(answers), [0.99, 0.98, 0.55, 0.55])
