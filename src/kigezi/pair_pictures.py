"""Pairs of photographs that show one subject, or nearly, for a person to judge."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure
from PIL import ImageOps

from kigezi.photos.hashing import oriented
from kigezi.photos.reading import decode, pixel_limit
from kigezi.picture_grid import Picture, plot_grid

_SIDE = 160
"""pixels of a photograph"""
PAIRS = 12
"""pairs of each kind"""
_COLUMNS = 8
"""photographs beside each other"""

Read = Callable[[str], bytes]


def draw_pairs(pairs: pd.DataFrame, read: Read) -> Figure:
    """The pairs on both sides of the threshold, and those across classes.

    Args:
        pairs: From `kigezi.photos.grouping.confirm`.
        read: All bytes of the photograph at a path.
    """
    alike = pairs["one_subject"]
    across = pairs["label_1"] != pairs["label_2"]
    kinds = {
        "one subject, but in two classes: one label may be wrong": pairs[
            alike & across
        ],
        "one subject: the least alike": pairs[alike & ~across][::-1],
        "not one subject: the most alike": pairs[~alike],
    }
    sections = {}
    for heading, rows in kinds.items():
        chosen = rows[:PAIRS].itertuples()
        halves = [half for row in chosen for half in _halves(row, read)]
        sections[heading if halves else f"{heading}: none"] = halves
    title = "Pairs of photographs, with their likeness (1: equal)"
    return plot_grid(sections, _COLUMNS, title)


def thumbnail(data: bytes, orientation: int = 0) -> npt.NDArray[np.uint8]:
    """The (160, 160, 3) pixels of a whole photograph, in one of 8 orientations."""
    with pixel_limit(None):
        image = ImageOps.pad(decode(data, _SIDE), (_SIDE, _SIDE), color="white")
    pixels = np.asarray(image)
    turned = [oriented(pixels[..., band], orientation) for band in range(3)]
    return np.stack(turned, axis=-1)


def _halves(pair: tuple, read: Read) -> tuple[Picture, Picture]:
    likeness = f"likeness {pair.likeness:.2f}"
    second = thumbnail(read(pair.path_2), pair.orientation)
    return (
        Picture(thumbnail(read(pair.path_1)), (pair.path_1, likeness)),
        Picture(second, (pair.path_2, "")),
    )
