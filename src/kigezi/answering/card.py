"""The card of an exported model: what it answers, and when it should not.

It travels with the model and is read where nothing else of the project is.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

CARD = "card.json"
"""name of the card, beside a model and within its file"""


FILES = {
    "keras": "model.keras",
    "float32": "model_float32.tflite",
    "float16": "model_float16.tflite",
    "int8": "model_int8.tflite",
    "onnx": "model.onnx",
}
"""names of the model files, by kind"""
PLAIN = "float32"
"""kind whose card stands beside the files"""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Doubt(_Part):
    """When a model answers "unsure", and what that promises."""

    temperature: float
    """by which logits were divided in the file (Guo et al. 2017, arXiv:1706.04599)"""
    least_confidence: float
    """probability of an answer below which the model is unsure, from 0 to 1"""
    least_familiarity: float
    """familiarity below which a photograph is unlike those that were learnt from"""
    risk: float
    """fraction of the answers that may be wrong, as it was asked for"""
    risk_bound: float
    """fraction of the answers that is not exceeded, with `certainty`"""
    certainty: float
    """probability that the bound holds, from 0 to 1"""
    photographs: int
    """independent validation photographs that the bound rests on"""
    answered: float
    """fraction of these that were answered"""


class Card(_Part):
    """What one needs to know to use a model file."""

    name: str
    """of the model, for people"""
    classes: tuple[str, ...]
    """in the order of the probabilities"""
    size: int
    """side of the square image in pixels"""
    fit: Literal["crop", "pad", "squash"]
    """how a photograph is made square"""
    doubt: Doubt
    dataset: str
    """digest of the images that it was trained on"""
    training: str
    """key of the training"""
    made_with: dict[str, str]
    """versions of the libraries that wrote the files"""
