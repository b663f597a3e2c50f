import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import accuracy_score, log_loss

from kigezi.learning import evaluating
from kigezi.learning.evaluating import NO_ANSWER, evaluate, measure, predict
from tests.conftest import make_examples


class Answers:
    """A model that answers light with the brightness, and saw no labels."""

    def predict(
        self, batches: Iterable[tuple[Any, Any]], verbose: int
    ) -> npt.NDArray[np.float32]:
        images = np.concatenate([images for images, _ in batches])
        light = images.mean(axis=(1, 2, 3), dtype=np.float32) / 255
        return np.stack([1 - light, light], axis=1)


def test_figures_are_those_of_scikit_learn() -> None:
    generator = np.random.default_rng(5)
    answers = generator.dirichlet([1, 1, 1], 60).astype(np.float32)
    labels = generator.integers(0, 3, 60)
    figures = measure(answers, labels)
    assert figures.accuracy == accuracy_score(labels, answers.argmax(axis=1))
    exact = answers.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    expected = log_loss(labels, exact, labels=[0, 1, 2])
    assert figures.loss == pytest.approx(expected, rel=1e-6)
    assert figures.photographs == 60


def test_a_sure_wrong_answer_has_a_finite_loss() -> None:
    figures = measure(np.array([[1, 0]], np.float32), np.array([1]))
    assert figures.accuracy == 0
    assert figures.loss == pytest.approx(-math.log(1e-7))


def test_nothing_is_traced_anew_for_a_shorter_last_batch() -> None:
    examples = make_examples(train=67)
    rows = examples.rows("train", all_copies=False)
    lengths: list[int] = []

    class Counting(Answers):
        def predict(self, batches: Iterable[Any], verbose: int) -> Any:
            batches = list(batches)
            lengths.extend(len(images) for images, _ in batches)
            return super().predict(batches, verbose)

    light = examples.images[rows].mean(axis=(1, 2, 3), dtype=np.float32) / 255
    assert np.array_equal(predict(Counting(), examples, rows)[:, 1], light)
    assert lengths == [64, 64]


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_answers_that_are_no_numbers(broken: float) -> None:
    answers = np.array([[0.5, 0.5], [broken, 0.5]], np.float32)
    figures = measure(answers, np.array([0, 0]))
    assert math.isnan(figures.accuracy)
    assert math.isnan(figures.loss)
    assert figures.photographs == 2


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_split_is_measured_on_the_photographs_themselves(split: str) -> None:
    examples = make_examples(train=6, held_out=4, copies=3)
    # A changed copy that would be answered wrongly must not count.
    images = examples.images.copy()
    images[examples.copies > 0] = 255 - images[examples.copies > 0]
    changed = type(examples)(**{**vars(examples), "images": images})
    figures, table = evaluate(Answers(), changed, split)
    assert figures.accuracy == 1
    assert figures.photographs == len(table) == (6 if split == "train" else 4)
    assert table["correct"].all()


def test_copies_are_predicted_but_not_measured_where_any_may_be_in_a_split() -> None:
    examples = make_examples(train=6, held_out=4, copies=3)
    images = examples.images.copy()
    images[examples.copies > 0] = 255 - images[examples.copies > 0]
    changed = replace(examples, images=images).split_anew(examples.splits)
    figures, table = evaluate(Answers(), changed, "test")
    assert figures.accuracy == 1
    assert figures.photographs == 4
    assert table["copy"].tolist() == [0, 1, 2, 3] * 4
    assert (table["correct"] == (table["copy"] == 0)).all()


def test_predictions_name_photographs_and_classes() -> None:
    examples = make_examples(held_out=2)
    _, table = evaluate(Answers(), examples, "test")
    assert table["photo_id"].tolist() == ["photo10", "photo11"]
    assert table["label"].tolist() == table["predicted"].tolist() == ["dark", "light"]
    sums = table["probability_dark"] + table["probability_light"]
    np.testing.assert_allclose(sums, 1, rtol=1e-6)


def test_no_answer_is_never_correct(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = np.array([[0.9, 0.1], [np.nan, np.nan]], np.float32)
    monkeypatch.setattr(evaluating, "predict", lambda *_: answers)
    _, table = evaluate(Answers(), make_examples(held_out=2), "test")
    assert table["predicted"].tolist() == ["dark", NO_ANSWER]
    assert table["correct"].tolist() == [True, False]
