from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import softmax
from statsmodels.stats.proportion import proportion_confint

from kigezi.exporting.calibrating import find_temperature, find_threshold, upper_bound
from tests.coloured_export import export_parameters

Floats = npt.NDArray[np.float64]


def _labels_of(
    probabilities: Floats, random: np.random.Generator
) -> npt.NDArray[np.int64]:
    drawn = random.random((len(probabilities), 1))
    return (probabilities.cumsum(axis=1) < drawn).sum(axis=1)


@pytest.mark.parametrize("known", [0.4, 1.0, 3.0])
def test_a_known_temperature_is_found(known: float) -> None:
    random = np.random.default_rng(5)
    logits = random.normal(0, 2 * known, (6000, 4))
    labels = _labels_of(softmax(logits / known, axis=1), random)
    assert find_temperature(logits, labels) == pytest.approx(known, rel=0.06)
    shifted = logits + random.normal(0, 9, (6000, 1))
    again = find_temperature(shifted, labels)
    assert again == pytest.approx(find_temperature(logits, labels), rel=1e-3)


@pytest.mark.parametrize("count", [3, 50, 2000])
def test_a_model_that_is_always_right_is_not_sure_without_end(count: int) -> None:
    labels = np.arange(count) % 2
    margin = 8.0
    logits = margin * np.eye(2)[labels]
    found = find_temperature(logits, labels)
    # Platt's targets: (n + 1) / (n + 2) for the right class, so odds of n + 1.
    assert found == pytest.approx(margin / np.log(count + 1), rel=1e-3)


def test_a_model_that_is_always_wrong_gets_a_temperature_too() -> None:
    labels = np.arange(60) % 3
    logits = 9 * np.eye(3)[(labels + 1) % 3]
    assert find_temperature(logits, labels) == pytest.approx(20, rel=0.01)


@pytest.mark.parametrize(
    ("wrong", "count"), [(0, 1), (0, 40), (1, 40), (7, 40), (39, 40)]
)
@pytest.mark.parametrize("chance", [0.2, 0.05, 0.001])
def test_the_bound_is_that_of_clopper_and_pearson(
    wrong: int, count: int, chance: float
) -> None:
    _, high = proportion_confint(wrong, count, alpha=2 * chance, method="beta")
    assert upper_bound(wrong, count, chance) == pytest.approx(high, abs=1e-12)


def test_nothing_is_promised_where_all_is_wrong() -> None:
    assert upper_bound(3, 3, 0.1) == 1
    assert upper_bound(0, 0, 0.1) == 1


# A confidence is drawn evenly from 0.5 to 1. How often an answer of that confidence is
# wrong, and how often those from a threshold on are, is known of each model.
MODELS: dict[str, tuple[Callable[[Floats], Floats], Callable[[float], float]]] = {
    "calibrated": (lambda sure: 1 - sure, lambda least: (1 - least) / 2),
    # A threshold is of no use, so that the luckiest of them is taken.
    "blind": (lambda sure: np.full_like(sure, 0.1), lambda least: 0.1),
    "upside down": (lambda sure: sure - 0.5, lambda least: least / 2),
}


@pytest.mark.parametrize("risk", [0.02, 0.12, 0.3])
@pytest.mark.parametrize("model", MODELS)
def test_the_bound_holds_as_often_as_it_says(model: str, risk: float) -> None:
    wrong_at, wrong_from = MODELS[model]
    parameters = export_parameters(risk=risk, certainty=0.8)
    random = np.random.default_rng(11)
    draws, broken = 400, 0
    for _ in range(draws):
        confidences = random.uniform(0.5, 1, 150)
        correct = random.random(150) >= wrong_at(confidences)
        found = find_threshold(confidences, correct, parameters)
        broken += wrong_from(found.least_confidence) > found.risk_bound
    # Three standard deviations of chance above a fifth.
    assert broken <= draws * 0.2 + 3 * np.sqrt(draws * 0.2 * 0.8)


def test_the_bounds_are_no_wider_than_they_have_to_be() -> None:
    parameters = export_parameters(risk=0.5, certainty=0.8)
    random = np.random.default_rng(11)
    bounds = [
        find_threshold(
            random.random(150), random.random(150) >= 0.1, parameters
        ).risk_bound
        for _ in range(200)
    ]
    assert 0.1 < np.mean(bounds) < 0.15


def test_all_of_equal_confidence_are_answered_or_none() -> None:
    random = np.random.default_rng(2)
    confidences = random.integers(5, 11, 200) / 10
    correct = random.random(200) < confidences
    for risk in (0.01, 0.1, 0.2, 0.3, 0.5):
        found = find_threshold(confidences, correct, export_parameters(risk=risk))
        above = confidences >= found.least_confidence
        assert found.answered == above.sum()
        assert found.wrong == (~correct[above]).sum()
        assert found.least_confidence in confidences


def test_as_much_as_the_risk_allows_is_answered() -> None:
    confidences = np.linspace(1, 0.5, 400)
    correct = np.arange(400) < 300  # the most confident three quarters
    shares = {}
    for risk in (0.05, 0.15, 0.4):
        found = find_threshold(confidences, correct, export_parameters(risk=risk))
        assert found.risk_bound <= risk
        shares[risk] = found.answered / 400
    assert shares == {0.05: 0.7, 0.15: 0.8, 0.4: 1.0}


def test_a_risk_that_cannot_be_kept_gives_the_lowest_bound() -> None:
    confidences = np.linspace(1, 0.5, 30)
    correct = np.arange(30) % 10 != 9
    few = find_threshold(confidences, correct, export_parameters(risk=0.001))
    assert few.risk_bound > 0.001
    for risk in np.linspace(0.001, few.risk_bound, 20)[:-1]:
        found = find_threshold(confidences, correct, export_parameters(risk=risk))
        assert found == few
    reached = export_parameters(risk=few.risk_bound + 1e-9)
    kept = find_threshold(confidences, correct, reached)
    assert kept.risk_bound <= reached.risk


@pytest.mark.parametrize("right", [True, False])
def test_one_photograph_is_enough(right: bool) -> None:
    found = find_threshold(np.array([0.7]), np.array([right]), export_parameters())
    assert (found.least_confidence, found.answered) == (0.7, 1)
    assert (found.risk_bound == 1) == (not right)
