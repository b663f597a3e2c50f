"""Brushes that paint planes and pictures: clouds, outlines, colours, a camera."""

import colorsys
from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

# Colour planes come first, (3, height, width): numpy is faster along long rows.
Pixels = NDArray[np.float32]
Points = NDArray[np.float64]
Shape = tuple[int, ...]

# Pillow rounds corners to whole pixels: small spots need a larger sheet to be round.
OVERSAMPLING = 3


def blob(random: Generator, centre: Points, radius: float, roughness: float) -> Points:
    """Return a closed outline about `radius` pixels from its centre (x, y) in pixels.

    Its dents measure about `roughness` of the radius, from 0 (a circle) to 0.5.
    """
    turn = np.linspace(0, 2 * np.pi, 28)
    waves = np.arange(2, 6)[:, None]
    dents = np.cos(waves * turn + random.uniform(0, 2 * np.pi, (4, 1)))
    weights = random.normal(0, roughness, (4, 1)) / waves
    distance = radius * (1 + (weights * dents).sum(0)).clip(0.2)
    return centre + np.stack([np.cos(turn), np.sin(turn)], 1) * distance[:, None]


def coverage(
    shape: Shape,
    lines: Sequence[Points],
    stroke: float = 0,
    tones: Sequence[float] | Points | None = None,
) -> Pixels:
    """Return how much of each pixel is covered (0 to 1) by polygons or polylines.

    Args:
        shape: Height and width in pixels.
        lines: (x, y) rows in pixels, one array per polygon or polyline.
        stroke: Thickness of polylines in pixels; 0 fills polygons instead.
        tones: What each counts as, from 0 to 1; a later one hides those before it.
    """
    height, width = shape
    sheet = Image.new("L", (width * OVERSAMPLING, height * OVERSAMPLING))
    pen = ImageDraw.Draw(sheet)
    tones = np.ones(len(lines)) if tones is None else tones
    for line, tone in zip(lines, tones, strict=True):
        corners, fill = (line * OVERSAMPLING).ravel().tolist(), round(255 * tone)
        if stroke:
            pen.line(corners, fill=fill, width=max(1, round(stroke * OVERSAMPLING)))
        else:
            pen.polygon(corners, fill=fill)
    return np.asarray(sheet.reduce(OVERSAMPLING), np.float32) / 255


def soften(picture: Pixels, radius: float) -> Pixels:
    """Blur values from 0 to 1, a plane or several, by a Gaussian (radius in pixels)."""
    if picture.ndim == 3:
        return np.stack([soften(plane, radius) for plane in picture])
    image = Image.fromarray((picture.clip(0, 1) * 255).astype(np.uint8))
    blurred = image.filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(blurred).astype(np.float32) / 255


def cloud(random: Generator, shape: Shape, cells: int) -> Pixels:
    """Return smooth noise of about unit spread, `cells` bumps along each side."""
    coarse = Image.fromarray(random.standard_normal((cells, cells), np.float32))
    return np.asarray(coarse.resize(shape[::-1], Image.Resampling.BICUBIC))


def colour(random: Generator, *ranges: tuple[float, float]) -> Pixels:
    """Return an RGB colour from ranges of hue, saturation and value; all 0 to 1."""
    hue, saturation, value = (random.uniform(*limits) for limits in ranges)
    planes = np.array(colorsys.hsv_to_rgb(hue, saturation, value), np.float32)
    return planes.reshape(3, 1, 1)


def paint(picture: Pixels, tint: Pixels | float, cover: Pixels) -> None:
    """Lay a colour over the picture in place, `cover` (0 to 1) thick."""
    picture += cover * (tint - picture)


def expose(random: Generator, picture: Pixels) -> Image.Image:
    """Light, expose, blur and digitise a scene (values 0 to 1) as a camera would."""
    shape = picture.shape[1:]
    rows, columns = (np.linspace(-0.5, 0.5, side, dtype=np.float32) for side in shape)
    slopes = random.normal(0, 0.35, 2).astype(np.float32)
    light = 1 + np.add.outer(slopes[0] * rows, slopes[1] * columns)
    light -= 0.4 * np.add.outer(rows**2, columns**2)
    light *= 1 - np.clip(cloud(random, shape, 4), 0, 1) * random.uniform(0, 0.45)
    warmth = random.normal(0, 0.1)
    gains = np.array([[[1 + warmth]], [[1]], [[1 - warmth]]]) * 2 ** random.normal(
        0.05, 0.18
    )
    seen = picture * light.clip(0.1) * gains.astype(np.float32)
    seen = soften(seen, random.uniform(0, 0.004) * min(shape)) * 255
    seen += random.standard_normal(seen.shape, np.float32) * random.uniform(1, 3)
    return Image.fromarray(np.moveaxis(seen.clip(0, 255).astype(np.uint8), 0, -1))
