"""Figures of one photograph: sharpness, light, and what its border looks like."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from kigezi.photos.geometry import FILTER, Fit, fit
from kigezi.photos.reading import decode

SIDE = 256
"""shorter side in pixels at which a photograph is measured, or its own if smaller

Sharp photographs of nature look alike at every scale (Field 1987,
doi:10.1364/JOSAA.4.002379), so that one of 160 px compares with one of 4,000 px.
"""

BORDER = 0.1
"""outer part of the working image on each side that counts as its border"""

_CELLS = 10
"""colours that are kept of the border along each side"""

_BLACK, _WHITE = 2, 253
"""grey values up to and from which nothing can be told apart any more, of 0 to 255"""


@dataclass(frozen=True)
class Inspection:
    """What is measured of one photograph."""

    sharpness: float
    """variance of the Laplacian, in grey values squared; 0 for a plain surface"""
    brightness: float
    """mean grey value, from 0 (black) to 1 (white)"""
    clipped: float
    """share of the pixels that are quite black or quite white, from 0 to 1"""
    border: npt.NDArray[np.float32]
    """colours of the border, from 0 to 255: see `describe_border`"""
    bytes: int
    """of the file"""


def inspect(data: bytes, size: int, how: Fit) -> Inspection:
    """Measure a photograph, inside `pixel_limit`.

    Args:
        data: The bytes of a photograph that `judge` found usable.
        size: Side of the square working image in pixels.
        how: How a photograph is made square.
    """
    image = decode(data, max(size, SIDE))
    grey = np.asarray(_reduce(image).convert("L"), np.float32)
    return Inspection(
        sharpness=measure_sharpness(grey),
        brightness=float(grey.mean()) / 255,
        clipped=float(((grey <= _BLACK) | (grey >= _WHITE)).mean()),
        border=describe_border(fit(image, size, how)),
        bytes=len(data),
    )


def measure_sharpness(grey: npt.NDArray[np.float32]) -> float:
    """Variance of the Laplacian: it falls where edges are smeared.

    After Pech-Pacheco et al. (2000), doi:10.1109/ICPR.2000.903548.

    Args:
        grey: (height, width) grey values from 0 to 255, at least 3 by 3.
    """
    middle = grey[1:-1, 1:-1]
    beside = grey[1:-1, :-2] + grey[1:-1, 2:]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + beside - 4 * middle
    return float(laplacian.var())


def describe_border(working: Image.Image) -> npt.NDArray[np.float32]:
    """The colours along the four sides, and mean and spread of the whole border.

    Args:
        working: A square RGB image.

    Returns:
        (126,) values from 0 to 255: 10 colours a side, then means and deviations.
    """
    size = working.width
    wide = max(1, round(size * BORDER))
    boxes = (
        *((0, 0, size, wide), (0, size - wide, size, size)),
        *((0, 0, wide, size), (size - wide, 0, size, size)),
    )
    # Cut out first: a filter would look past the edge of a box.
    strips = [working.crop(box) for box in boxes]
    shapes = [(_CELLS, 1)] * 2 + [(1, _CELLS)] * 2
    rows = [
        np.asarray(strip.resize(shape, Image.Resampling.BOX)).ravel()
        for strip, shape in zip(strips, shapes, strict=True)
    ]
    outside = np.ones((size, size), bool)
    outside[wide:-wide, wide:-wide] = False
    pixels = np.asarray(working)[outside].astype(np.float32)
    return np.concatenate([*rows, pixels.mean(0), pixels.std(0)], dtype=np.float32)


def _reduce(image: Image.Image) -> Image.Image:
    scale = SIDE / min(image.size)
    if scale >= 1:
        return image
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), FILTER)
