"""From probabilities to an answer, or to "unsure"."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kigezi.answering.card import Card, Doubt

UNSURE = "unsure"
PLACES = ("first", "second", "third")
"""of the most probable classes, which are named with every answer"""
TOP = len(PLACES)
TEXTS = ("answer", "reason", *PLACES)
NUMBERS = ("confidence", "familiarity", *(f"{place}_probability" for place in PLACES))
"""columns of `as_row`"""


@dataclass(frozen=True)
class Answer:
    """What a model says of one photograph."""

    label: str
    """a class, or `UNSURE`"""
    reason: str
    """why it is unsure, or empty"""
    confidence: float
    """probability of the most probable class, from 0 to 1"""
    familiarity: float
    top: tuple[tuple[str, float], ...]
    """the most probable classes with their probabilities, the first one first"""


def answered(
    probabilities: npt.NDArray[np.floating],
    familiarity: npt.NDArray[np.floating],
    doubt: Doubt,
) -> npt.NDArray[np.bool_]:
    """Which photographs are answered.

    Args:
        probabilities: (photographs, classes).
        familiarity: (photographs,).
        doubt: The thresholds. An answer that is not a number is below each.
    """
    sure = probabilities.max(axis=1) >= doubt.least_confidence
    return sure & (familiarity >= doubt.least_familiarity)


def decide(
    probabilities: npt.NDArray[np.floating], familiarity: float, card: Card
) -> Answer:
    """The answer for one photograph.

    Args:
        probabilities: (classes,), in the order of the card.
        familiarity: As the model gives it.
        card: Names the classes and the thresholds.
    """
    order = np.argsort(-probabilities, kind="stable")[:TOP]
    top = tuple((card.classes[place], float(probabilities[place])) for place in order)
    label, confidence = top[0]
    reason = ""
    if not familiarity >= card.doubt.least_familiarity:
        reason = "it does not look like the photographs that were learnt from"
    elif not confidence >= card.doubt.least_confidence:
        reason = "no class is probable enough"
    return Answer(
        UNSURE if reason else label, reason, confidence, float(familiarity), top
    )


def as_row(answer: Answer) -> dict[str, str | float]:
    """The answer as a row of `TEXTS` and `NUMBERS`; what is missing is empty."""
    row: dict[str, str | float] = {
        "answer": answer.label,
        "confidence": answer.confidence,
        "reason": answer.reason,
        "familiarity": answer.familiarity,
    }
    missing = [("", float("nan"))] * (TOP - len(answer.top))
    places = zip(PLACES, [*answer.top, *missing], strict=True)
    for place, (label, probability) in places:
        row[place] = label
        row[f"{place}_probability"] = probability
    return row
