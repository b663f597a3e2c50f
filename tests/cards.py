"""Cards of exported models, and what a page is made of besides, for tests."""

import json
from typing import Any

from kigezi.answering.card import Card, Doubt
from kigezi.exporting.web_page import RUNTIME

DOUBT = {
    "temperature": 1.5,
    "least_confidence": 0.5,
    "least_familiarity": -2.0,
    "risk": 0.02,
    "risk_bound": 0.03,
    "certainty": 0.9,
    "photographs": 100,
    "answered": 0.8,
}
CARD = {
    "name": "study",
    "classes": ("Early blight", "Late blight", "healthy"),
    "size": 96,
    "fit": "crop",
    "dataset": "d" * 64,
    "training": "t" * 64,
    "made_with": {"numpy": "2"},
}


def make_doubt(**changes: Any) -> Doubt:
    """Thresholds half way, with changes."""
    return Doubt(**DOUBT | changes)


def make_card(**changes: Any) -> Card:
    """A card of three classes, with changes of it or of its thresholds."""
    doubt = {name: changes.pop(name) for name in DOUBT.keys() & changes.keys()}
    return Card(**CARD | changes, doubt=make_doubt(**doubt))


def fetched(package: str, code: bytes = b"code") -> dict[str, bytes]:
    """The files of a package of the page's runtime, by path."""
    about = {"name": package, "version": "1.2.3", "license": "Apache-2.0"}
    return dict.fromkeys(RUNTIME[package], code) | {
        "package.json": json.dumps(about).encode()
    }
