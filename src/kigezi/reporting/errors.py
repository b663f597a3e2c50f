"""The answers that were most sure and wrong, and where the model looked."""

from dataclasses import dataclass
from io import BytesIO

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from kigezi.statistics.measures import confidence

MOST = 12
"""errors that are shown"""


@dataclass(frozen=True)
class Mistake:
    """One wrong answer."""

    path: str
    """of the photograph"""
    label: str
    predicted: str
    confidence: float
    """probability of the answer, from 0 to 1"""
    image: bytes
    """JPEG"""
    overlay: bytes
    """JPEG of the same image with what speaks for the answer in bright colours"""


def most_confident(predictions: pd.DataFrame) -> pd.DataFrame:
    """The wrong answers of the highest probability, with a column `confidence`.

    Photographs without an answer (a diverged model) are left out.
    """
    wrong = predictions.assign(confidence=confidence(predictions))
    wrong = wrong[~wrong["correct"] & wrong["confidence"].notna()]
    return wrong.sort_values("confidence", ascending=False, kind="stable").head(MOST)


def lay_over(image: npt.NDArray[np.uint8], speaks: npt.NDArray[np.float32]) -> bytes:
    """A JPEG of the image, half covered by a map in bright colours.

    Args:
        image: (side, side, 3), RGB from 0 to 255.
        speaks: (side, side), from 0 to 1.
    """
    colors = mpl.colormaps["inferno"](speaks, bytes=True)
    heat = Image.fromarray(colors).convert("RGB")
    stream = BytesIO()
    blended = Image.blend(Image.fromarray(image), heat, 0.5)
    blended.save(stream, "JPEG", quality=85)
    return stream.getvalue()
