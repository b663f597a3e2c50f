"""Sheets of photographs with a line of text above each, for a person to judge by."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image, ImageOps

from kigezi.photos.hashing import oriented
from kigezi.photos.reading import decode, pixel_limit

_SIDE = 160
"""pixels of a photograph on a sheet"""
_PAIRS = 12
"""pairs of each kind on a sheet"""
_COLUMNS = 4
"""pairs beside each other"""

Read = Callable[[str], bytes]


class Picture(NamedTuple):
    """One photograph on a sheet."""

    image: Image.Image
    title: str


def thumbnail(data: bytes, orientation: int = 0) -> Image.Image:
    """A small square image of a whole photograph, in one of 8 orientations."""
    with pixel_limit(None):
        image = ImageOps.pad(decode(data, _SIDE), (_SIDE, _SIDE), color="white")
    pixels = np.asarray(image)
    turned = [oriented(pixels[..., band], orientation) for band in range(3)]
    return Image.fromarray(np.stack(turned, axis=-1))


def draw_sheet(
    sections: Sequence[tuple[str, Sequence[Picture]]], columns: int
) -> Figure:
    """Rows of pictures under headings; a heading without pictures says so."""
    rows = [-(-len(pictures) // columns) for _, pictures in sections]
    heights = [max(0.15, count) for count in rows]
    size = (1.9 * columns, 2.15 * sum(heights) + 0.4 * len(sections))
    figure = Figure(figsize=size, layout="constrained", dpi=100)
    parts = figure.subfigures(len(sections), 1, height_ratios=heights, squeeze=False)
    for part, (heading, pictures), count in zip(
        parts.flat, sections, rows, strict=True
    ):
        part.suptitle(heading if pictures else f"{heading}: none", fontsize=11)
        places = list(part.subplots(max(1, count), columns, squeeze=False).flat)
        for axes in places:
            axes.axis("off")
        for axes, picture in zip(places, pictures, strict=False):
            axes.imshow(picture.image)
            axes.set_title(picture.title, fontsize=7)
    return figure


def draw_pairs(pairs: pd.DataFrame, read: Read) -> Figure:
    """The pairs on both sides of the threshold, and those across classes.

    Args:
        pairs: From `compare_pairs`, sorted by falling likeness, with `one_subject`.
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
    sections = [
        (
            heading,
            [half for row in rows[:_PAIRS].itertuples() for half in _halves(row, read)],
        )
        for heading, rows in kinds.items()
    ]
    return draw_sheet(sections, 2 * _COLUMNS)


def _halves(pair: tuple, read: Read) -> tuple[Picture, Picture]:
    names = [path[-24:] for path in (pair.path_1, pair.path_2)]
    return (
        Picture(thumbnail(read(pair.path_1)), f"{pair.likeness:.2f} {names[0]}"),
        Picture(thumbnail(read(pair.path_2), pair.orientation), names[1]),
    )
