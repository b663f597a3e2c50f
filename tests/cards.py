"""Cards of exported models, for tests."""

from typing import Any

from kigezi.answering.card import Card, Doubt

DOUBT = {
    "temperature": 1.0,
    "least_confidence": 0.0,
    "least_familiarity": -1e9,
    "risk": 0.02,
    "risk_bound": 0.015,
    "certainty": 0.9,
    "photographs": 200,
    "answered": 0.95,
}
CARD = {
    "name": "study",
    "classes": ("Early blight", "Late blight", "healthy"),
    "size": 96,
    "fit": "crop",
    "dataset": "0" * 64,
    "training": "1" * 64,
    "made_with": {},
}


def make_doubt(**changes: Any) -> Doubt:
    """Thresholds that every answer passes, with changes."""
    return Doubt(**DOUBT | changes)


def make_card(**changes: Any) -> Card:
    """A card of three classes, with changes of it or of its thresholds."""
    doubt = {name: changes.pop(name) for name in DOUBT.keys() & changes.keys()}
    return Card(**CARD | changes, doubt=make_doubt(**doubt))
