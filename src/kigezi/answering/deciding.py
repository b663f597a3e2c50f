"""From probabilities to an answer, or to "unsure"."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kigezi.answering.card import Card, Doubt

UNSURE = "unsure"
UNLIKE = "it does not look like the photographs that were learnt from"
TOO_LOW = "no class is probable enough"
"""reasons for being unsure"""
PLACES = ("first", "second", "third")
"""of the most probable classes, which are named with every answer"""
TOP = len(PLACES)
COLUMNS: dict[str, type] = {
    "answer": str,
    "confidence": float,
    "reason": str,
    "familiarity": float,
} | {
    name: kind
    for place in PLACES
    for name, kind in ((place, str), (f"{place}_probability", float))
}
"""of a table of answers"""

_DIGITS = 6


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
    reasons = []
    if not familiarity >= card.doubt.least_familiarity:
        reasons.append(UNLIKE)
    if not probabilities.max() >= card.doubt.least_confidence:
        reasons.append(TOO_LOW)
    reason = "; ".join(reasons)
    return Answer(
        UNSURE if reason else label, reason, confidence, float(familiarity), top
    )


def as_row(answer: Answer) -> dict[str, str | float]:
    """The answer as a row of `COLUMNS`; what is missing is empty."""
    missing = [("", float("nan"))] * (TOP - len(answer.top))
    top = [part for one in [*answer.top, *missing] for part in one]
    values = (
        *(answer.label, answer.confidence, answer.reason, answer.familiarity),
        *top,
    )
    return {
        name: round(value, _DIGITS) if isinstance(value, float) else value
        for name, value in zip(COLUMNS, values, strict=True)
    }
