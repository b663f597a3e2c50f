"""How sure a model may be, and from where on it should say nothing.

What is set here is set on validation photographs, which the study's winner and its
epoch were chosen on too. That flatters the bounds of the risk, which are exact for a
model that was there before; how thresholds do on test photographs is measured apart.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kigezi.answering.card import Doubt
from kigezi.exporting.runtimes import Answers
from kigezi.schemas import ExportParameters

_TEMPERATURES = (0.05, 20.0)
_SHARES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5)
"""of the photographs that may be answered, the largest first"""


@dataclass(frozen=True)
class Threshold:
    """A least confidence, and what it promises of the answers above it."""

    least_confidence: float
    risk_bound: float
    """fraction of wrong answers that is not exceeded, with the certainty asked for"""
    answered: int
    """photographs above it, of those that it was set on"""
    wrong: int
    """of these, answers that are wrong"""


def find_temperature(
    logits: npt.NDArray[np.floating], labels: npt.NDArray[np.int64]
) -> float:
    """What logits are divided by so that probabilities are as high as they are right.

    Temperature scaling (Guo et al. 2017, arXiv:1706.04599), with Platt's targets (1999,
    "Probabilistic Outputs for Support Vector Machines"): where every photograph is
    right, the likelihood alone would make the model surer without end.

    Args:
        logits: (photographs, classes), up to a constant in each row.
        labels: (photographs,), the right classes.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    count, classes = logits.shape
    right = (count + 1) / (count + 2)
    targets = np.full((count, classes), (1 - right) / (classes - 1))
    targets[np.arange(count), labels] = right

    def loss(logarithm: float) -> float:
        return -(targets * log_softmax(logits / np.exp(logarithm), axis=1)).sum()

    found = minimize_scalar(loss, bounds=np.log(_TEMPERATURES), method="bounded")
    return float(np.exp(found.x))


def find_threshold(
    confidences: npt.NDArray[np.floating],
    correct: npt.NDArray[np.bool_],
    parameters: ExportParameters,
) -> Threshold:
    """The lowest least confidence whose answers are wrong no oftener than allowed.

    Selection with guaranteed risk (Geifman and El-Yaniv 2017, arXiv:1705.08500): some
    shares of the photographs to answer are tried, and each has an exact upper bound of
    its risk (Clopper and Pearson 1934). All bounds hold together with the certainty
    asked for: half of what is left to chance goes to answering everything, the rest is
    shared by the others (a weighted Bonferroni correction). Where no share keeps the
    risk, for instance because the photographs are too few to promise it, the one with
    the lowest bound is taken.

    Args:
        confidences: (photographs,), of independent photographs.
        correct: (photographs,), whether the answer is right.
        parameters: The risk, and how certain it has to be.
    """
    order = np.argsort(-confidences, kind="stable")
    ranked, errors = confidences[order], np.cumsum(~correct[order])
    chance = 1 - parameters.certainty
    tried = []
    for place, share in enumerate(_SHARES):
        # All photographs of equal confidence are answered, or none.
        lowest = ranked[max(0, round(share * len(ranked)) - 1)]
        last = int((ranked >= lowest).sum())
        wrong = int(errors[last - 1])
        allowed = chance / 2 if place == 0 else chance / 2 / (len(_SHARES) - 1)
        bound = upper_bound(wrong, last, allowed)
        tried.append(Threshold(float(lowest), bound, last, wrong))
    kept = [one for one in tried if one.risk_bound <= parameters.risk]
    return kept[0] if kept else min(tried, key=lambda one: one.risk_bound)


def set_doubt(
    answers: Answers,
    labels: npt.NDArray[np.int64],
    temperature: float,
    parameters: ExportParameters,
) -> Doubt:
    """When a file answers "unsure", from what it says of validation photographs.

    Each file has thresholds of its own: whole numbers of 8 bits shift familiarity.

    Args:
        answers: To independent validation photographs.
        labels: (photographs,), the right classes.
        temperature: That the file's probabilities were calibrated with.
        parameters: The risk, how certain it has to be, and how many known photographs
            may be called unfamiliar.
    """
    least = float(np.quantile(answers.familiarity, parameters.refused))
    familiar = answers.familiarity >= least
    correct = answers.probabilities.argmax(axis=1) == labels
    confidences = answers.probabilities.max(axis=1)
    found = find_threshold(confidences[familiar], correct[familiar], parameters)
    return Doubt(
        temperature=temperature,
        least_confidence=found.least_confidence,
        least_familiarity=least,
        risk=parameters.risk,
        risk_bound=found.risk_bound,
        certainty=parameters.certainty,
        photographs=len(labels),
        answered=found.answered / len(labels),
    )


def upper_bound(wrong: int, count: int, chance: float) -> float:
    """What a fraction is not above, but for a chance (Clopper and Pearson 1934).

    Args:
        wrong: How many were wrong.
        count: Of how many.
        chance: Probability that the bound does not hold.
    """
    from scipy.stats import beta

    if wrong == count:
        return 1.0
    return float(beta.ppf(1 - chance, wrong + 1, count - wrong))
