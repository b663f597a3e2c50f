import numpy as np
import pytest

from kigezi.learning.doubting import find_doubtful, measure_accuracy


def _sure(labels: np.ndarray, classes: int) -> np.ndarray:
    """Probabilities of 0.9 for these classes."""
    others = np.full((len(labels), classes), 0.1 / (classes - 1))
    others[np.arange(len(labels)), labels] = 0.9
    return others


@pytest.mark.parametrize("classes", [2, 3, 20])
def test_swapped_labels_are_doubtful(classes: int) -> None:
    true = np.arange(20 * classes) % classes
    given = true.copy()
    given[[3, 8]] = (given[[3, 8]] + 1) % classes
    doubtful = find_doubtful(given, _sure(true, classes))
    assert np.flatnonzero(doubtful).tolist() == [3, 8]
    assert not find_doubtful(true, _sure(true, classes)).any()


def test_a_rare_class_is_doubted_too() -> None:
    true = np.array([0] * 300 + [1] * 6)
    given = true.copy()
    given[-1] = 0
    assert np.flatnonzero(find_doubtful(given, _sure(true, 2))).tolist() == [305]


def test_a_classifier_that_knows_nothing_doubts_nothing() -> None:
    labels = np.arange(60) % 3
    answers = np.random.default_rng(0).integers(0, 3, 60)
    assert not find_doubtful(labels, _sure(answers, 3)).any()


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    labels = np.arange(30) % 3
    find_doubtful(labels, _sure(labels, 3))
    assert capfd.readouterr() == ("", "")


def test_accuracy_and_its_interval() -> None:
    labels = np.array([0] * 8 + [1] * 2)
    figures = measure_accuracy(labels, np.tile([0.9, 0.1], (10, 1)))
    # Wilson's interval of 8 in 10.
    assert (figures["low"], figures["high"]) == pytest.approx(
        (0.4902, 0.9433), abs=1e-4
    )
    assert (figures["accuracy"], figures["balanced_accuracy"]) == (0.8, 0.5)
    assert figures["photographs"] == 10
