"""Changed copies of a photograph: drawn by lot, yet always the same ones."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from PIL import Image

from kigezi.schemas import AugmentParameters

FILTER = Image.Resampling.BICUBIC

_MARGIN = 2
"""pixels that the filter reads beyond the corner of the image"""

Matrix = tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class Changes:
    """Everything that makes one copy of a photograph."""

    flip_horizontal: bool
    flip_vertical: bool
    rotation: float
    """counter-clockwise, in degrees"""
    zoom: float
    """magnification"""
    shift_x: float
    """to the right, as a fraction of the side"""
    shift_y: float
    """downwards, as a fraction of the side"""
    brightness: float
    contrast: float
    color: float
    """factor on the saturation"""

    def as_dict(self) -> dict[str, Any]:
        """The changes by name, as the manifest stores them."""
        return asdict(self)


def draw_changes(photo_id: str, copy: int, parameters: AugmentParameters) -> Changes:
    """The changes of one copy, from nothing but the seed, the photograph and the copy.

    The words of a counter-based generator are the same on every machine. A word belongs
    to one change for ever, so that switching a change off leaves the others alone.
    """
    name = hashlib.sha256(f"{parameters.seed}:{photo_id}:{copy}".encode()).digest()
    words = np.random.Philox(key=int.from_bytes(name[:16], "big")).random_raw(16)
    chance = [(int(word) >> 11) * 2.0**-53 for word in words]
    return Changes(
        flip_horizontal=chance[0] < parameters.flip_horizontal,
        flip_vertical=chance[1] < parameters.flip_vertical,
        rotation=_between(-parameters.rotation, parameters.rotation, chance[2]),
        zoom=_between(*parameters.zoom, chance[3]),
        shift_x=_between(-parameters.shift, parameters.shift, chance[4]),
        shift_y=_between(-parameters.shift, parameters.shift, chance[5]),
        brightness=_between(*parameters.brightness, chance[6]),
        contrast=_between(*parameters.contrast, chance[7]),
        color=_between(*parameters.color, chance[8]),
    )


def change(image: Image.Image, copies: Sequence[Changes]) -> list[Image.Image]:
    """The changed copies of a square RGB image, in the order of the changes.

    Where a turn or a shift shows what lies beyond the image, its mirror image is shown.
    """
    matrices = [_matrix(changes, image.width) for changes in copies]
    margin = max((_reach(matrix, image.width) for matrix in matrices), default=0)
    wide = _mirrored(image, margin) if margin else image
    grey = _mean_grey(image)
    return [
        _retone(_move(wide, matrix, image.width, margin), changes, grey)
        for matrix, changes in zip(matrices, copies, strict=True)
    ]


def _between(low: float, high: float, chance: float) -> float:
    return low + (high - low) * chance


def _matrix(changes: Changes, side: int) -> Matrix:
    """Pillow's affine: where in the image each pixel of the copy comes from."""
    angle = math.radians(changes.rotation)
    cos, sin = math.cos(angle) / changes.zoom, math.sin(angle) / changes.zoom
    across = -1 if changes.flip_horizontal else 1
    down = -1 if changes.flip_vertical else 1
    rows = ((across * cos, -across * sin), (down * sin, down * cos))
    middle = side / 2
    from_x, from_y = middle + changes.shift_x * side, middle + changes.shift_y * side
    (a, b), (d, e) = rows
    c = middle - a * from_x - b * from_y
    f = middle - d * from_x - e * from_y
    return a, b, c, d, e, f


def _reach(matrix: Matrix, side: int) -> int:
    """How far beyond the image the copy looks, in pixels; 0 when nothing moves."""
    if matrix == (1, 0, 0, 0, 1, 0):
        return 0
    a, b, c, d, e, f = matrix
    corners = [(x, y) for x in (0, side) for y in (0, side)]
    places = [a * x + b * y + c for x, y in corners]
    places += [d * x + e * y + f for x, y in corners]
    return max(0, math.ceil(max(-min(places), max(places) - side))) + _MARGIN


def _mirrored(image: Image.Image, margin: int) -> Image.Image:
    pixels = np.pad(
        np.asarray(image), ((margin, margin), (margin, margin), (0, 0)), "symmetric"
    )
    return Image.fromarray(pixels)


def _move(wide: Image.Image, matrix: Matrix, side: int, margin: int) -> Image.Image:
    a, b, c, d, e, f = matrix
    moved = (a, b, c + margin, d, e, f + margin)
    if moved == (1, 0, 0, 0, 1, 0):
        return wide
    return wide.transform((side, side), Image.Transform.AFFINE, moved, FILTER)


def _mean_grey(image: Image.Image) -> float:
    counts = image.convert("L").histogram()
    return sum(grey * count for grey, count in enumerate(counts)) / sum(counts)


def _retone(image: Image.Image, changes: Changes, grey: float) -> Image.Image:
    """Saturation, then brightness and contrast together by one table."""
    if changes.color != 1:
        colorless = image.convert("L").convert("RGB")
        image = Image.blend(colorless, image, changes.color)
    if changes.brightness == 1 and changes.contrast == 1:
        return image
    slope = changes.brightness * changes.contrast
    offset = grey * changes.brightness * (1 - changes.contrast)
    table = [min(255, max(0, round(slope * tone + offset))) for tone in range(256)]
    return image.point(table * 3)
