"""Photographs of leaves that the project draws itself, for the offline demo."""

import colorsys
import hashlib
from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike
from PIL import Image, ImageFilter

from kigezi.photos._leaves import (
    Leaf,
    Pixels,
    Shape,
    blob,
    blobs_on,
    coverage,
    random_leaf,
)

CLASSES: tuple[str, ...] = ("blotched", "healthy", "spotted")
ASPECT_RATIOS = (4 / 3, 3 / 4, 3 / 2, 1.0)


def drawn_names(photographs: int) -> list[tuple[str, int]]:
    """Name the photographs to draw, near-equally many per class.

    Args:
        photographs: How many in all, 0 or more.

    Returns:
        Distinct pairs of a label and an index counted from 0 within its label.
    """
    kinds = len(CLASSES)
    return [(CLASSES[place % kinds], place // kinds) for place in range(photographs)]


def draw_photograph(label: str, index: int, seed: int, size: int) -> Image.Image:
    """Draw one photograph of a leaf, the same for the same arguments.

    Args:
        label: One of `CLASSES`.
        index: Number of the photograph within its label.
        seed: Number of the collection.
        size: Shorter side in pixels, 1 or more.

    Returns:
        An RGB photograph, upright, lying or square.

    Raises:
        ValueError: If the label is not one of `CLASSES`.
    """
    if label not in CLASSES:
        raise ValueError(f"unknown label {label!r}; allowed: {', '.join(CLASSES)}")
    random = _generator(label, index, seed)
    ratio = float(random.choice(ASPECT_RATIOS))
    shape = (round(size * max(1, 1 / ratio)), round(size * max(1, ratio)))
    picture = _background(random, shape)
    leaf = random_leaf(random, shape, (1.2, 1.8))
    _cast_shadow(random, picture, leaf)
    blade = _paint_blade(random, picture, leaf)
    _paint_symptoms(random, picture, leaf, blade, label)
    _paint_specks(random, picture, leaf, blade)
    return _expose(random, picture)


def _generator(label: str, index: int, seed: int) -> Generator:
    """Return the source of chance that belongs to one photograph alone."""
    digest = hashlib.sha256(f"{seed}/{label}/{index}".encode()).digest()
    return Generator(np.random.Philox(key=int.from_bytes(digest[:16], "big")))


def _cloud(random: Generator, shape: Shape, cells: int) -> Pixels:
    """Return smooth noise of about unit spread, `cells` bumps along each side."""
    coarse = Image.fromarray(random.normal(0, 1, (cells, cells)).astype(np.float32))
    return np.asarray(coarse.resize(shape[::-1], Image.Resampling.BICUBIC))


def _colour(random: Generator, *ranges: tuple[float, float]) -> Pixels:
    """Draw a colour from ranges of hue, saturation and value; all fractions."""
    hue, saturation, value = (random.uniform(*limits) for limits in ranges)
    return np.array(colorsys.hsv_to_rgb(hue % 1, saturation, value), np.float32)


def _paint(picture: Pixels, colour: ArrayLike, cover: Pixels) -> None:
    """Lay a colour over the picture in place, `cover` (0 to 1) thick."""
    picture += cover[..., None] * (np.asarray(colour, np.float32) - picture)


def _soften(cover: Pixels, radius: float) -> Pixels:
    """Blur a cover by a Gaussian of `radius` pixels."""
    image = Image.fromarray((cover * 255).astype(np.uint8))
    blurred = image.filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(blurred, np.float32) / 255


def _ground(random: Generator, shape: Shape, colour: Pixels, rough: float) -> Pixels:
    """Return a surface of one colour whose brightness varies by `rough` (0 to 1)."""
    grain = sum(_cloud(random, shape, cells) / 2 for cells in (3, 12, 40, 90))
    return colour * (1 + rough * np.asarray(grain)[..., None]).astype(np.float32)


def _soil(random: Generator, shape: Shape) -> Pixels:
    """Return bare earth, from ochre to nearly black."""
    earth = _colour(random, (0.02, 0.14), (0.1, 0.6), (0.15, 0.9))
    return _ground(random, shape, earth, 0.3)


def _gravel(random: Generator, shape: Shape) -> Pixels:
    """Return pebbles of mixed size on earth."""
    picture = _soil(random, shape)
    for tone in random.uniform(0.3, 0.8, 4):
        centres = random.uniform(0, 1, (14, 2)) * shape[::-1]
        radii = random.uniform(0.015, 0.06, 14) * min(shape)
        stones = [blob(random, *each, 0.15) for each in zip(centres, radii, strict=True)]
        _paint(picture, (tone, tone * 0.95, tone * 0.88), coverage(shape, stones))
    return picture


def _foliage(random: Generator, shape: Shape) -> Pixels:
    """Return other leaves, deep behind the one photographed."""
    picture = _ground(random, shape, _green(random) * 0.5, 0.3)
    for _ in range(7):
        leaf = random_leaf(random, shape, (0.4, 0.9))
        offset = random.uniform(-0.5, 0.5, 2) * shape[::-1]
        cover = coverage(shape, [leaf.outline() + offset])
        _paint(picture, _green(random) * random.uniform(0.5, 1), cover)
    return picture


def _cloth(random: Generator, shape: Shape) -> Pixels:
    """Return woven cloth or card of any hue."""
    dye = _colour(random, (0, 1), (0, 0.6), (0.1, 1))
    rows, columns = np.indices(shape, np.float32) * (60 * 2 * np.pi / min(shape))
    weave = 0.03 * (np.sin(rows) + np.sin(columns))
    return _ground(random, shape, dye, 0.06) + weave[..., None]


BACKGROUNDS: tuple[Callable[[Generator, Shape], Pixels], ...] = (
    _soil,
    _gravel,
    _foliage,
    _cloth,
)


def _background(random: Generator, shape: Shape) -> Pixels:
    """Return what lies behind the leaf, in or out of focus."""
    picture = BACKGROUNDS[random.integers(len(BACKGROUNDS))](random, shape)
    radius = float(random.choice([0.04, 0.06, 0.09])) * min(shape)
    image = Image.fromarray((picture.clip(0, 1) * 255).astype(np.uint8))
    blurred = image.filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(blurred).astype(np.float32) / 255


def _green(random: Generator) -> Pixels:
    """Return the colour of a living leaf, yellowish to bluish."""
    return _colour(random, (0.16, 0.36), (0.35, 0.8), (0.35, 0.7))


def _cast_shadow(random: Generator, picture: Pixels, leaf: Leaf) -> None:
    """Darken the background where the leaf hides it from the sun."""
    size = min(picture.shape[:2])
    offset = random.normal(0, 0.04, 2) * size
    cover = coverage(picture.shape[:2], [leaf.outline() + offset])
    depth = random.uniform(0, 0.7)
    picture *= 1 - depth * _soften(cover, 0.02 * size)[..., None]


def _paint_blade(random: Generator, picture: Pixels, leaf: Leaf) -> Pixels:
    """Paint the healthy blade with its veins and return its cover (0 to 1)."""
    shape = picture.shape[:2]
    cover = coverage(shape, [leaf.outline()])
    colour, other = _green(random), _green(random)
    mix = np.clip(0.4 + 0.4 * _cloud(random, shape, 3), 0, 1)[..., None]
    blade = colour + mix * (other - colour)
    blade *= 1 + 0.03 * _cloud(random, shape, 30)[..., None]
    veins = leaf.veins(int(random.integers(4, 11)))
    lines = coverage(shape, veins, random.uniform(0.004, 0.012) * leaf.length)
    shade = float(random.choice([0.6, 1.3, 1.6]))
    _paint(blade, colour * shade, lines * random.uniform(0.15, 0.5))
    gloss = np.clip(_cloud(random, shape, 5) - 0.8, 0, 1) * random.uniform(0, 0.7)
    _paint(blade, (1, 1, 0.95), gloss)
    _paint(picture, blade, cover)
    return cover


def _paint_symptoms(
    random: Generator, picture: Pixels, leaf: Leaf, blade: Pixels, label: str
) -> None:
    """Paint the spots or the blotches of a diseased leaf."""
    strength = random.uniform(0.85, 1)
    if label == "spotted":
        radii = random.uniform(0.01, 0.022, random.integers(50, 110))
        spots = blobs_on(random, leaf, radii, 0.08)
        cover = coverage(picture.shape[:2], spots) * blade * strength
        halo = _soften(cover, 0.012 * leaf.length) * blade * random.uniform(0.3, 0.9)
        _paint(picture, _colour(random, (0.14, 0.2), (0.3, 0.7), (0.6, 0.9)), halo)
        _paint(picture, _colour(random, (0, 0.1), (0.3, 0.7), (0.05, 0.25)), cover)
    elif label == "blotched":
        radii = random.uniform(0.06, 0.13, random.integers(4, 9))
        patches = blobs_on(random, leaf, radii, 0.5)
        cover = coverage(picture.shape[:2], patches) * blade * strength
        worn = np.clip(0.75 + 0.3 * _cloud(random, blade.shape, 30), 0.1, 1)
        rims = coverage(blade.shape, patches, 0.02 * leaf.length) * blade
        _paint(picture, _colour(random, (0, 0.1), (0.3, 0.7), (0.1, 0.3)), rims)
        _paint(
            picture, _colour(random, (0.08, 0.18), (0.25, 0.6), (0.5, 0.9)), cover * worn
        )


def _paint_specks(
    random: Generator, picture: Pixels, leaf: Leaf, blade: Pixels
) -> None:
    """Paint dirt, dew and flecks of sun, which any leaf may carry."""
    for count, radius, tone in ((9, 0.012, 0.15), (9, 0.012, 0.95), (3, 0.07, 0.9)):
        radii = random.uniform(0.3, 1, random.integers(count + 1)) * radius
        if len(radii):
            outlines = blobs_on(random, leaf, radii, 0.3)
            cover = _soften(coverage(blade.shape, outlines), radius / 4 * leaf.length)
            _paint(picture, tone, cover * blade * random.uniform(0.1, 0.5))


def _expose(random: Generator, picture: Pixels) -> Image.Image:
    """Light, expose, blur and digitise the scene as a camera would."""
    height, width = shape = picture.shape[:2]
    rows, columns = np.mgrid[-0.5 : 0.5 : height * 1j, -0.5 : 0.5 : width * 1j]
    slope = random.normal(0, 0.35, 2)
    light = 1 + slope[0] * rows + slope[1] * columns - 0.4 * (rows**2 + columns**2)
    shade = np.clip(_cloud(random, shape, 4), 0, 1) * random.uniform(0, 0.45)
    warmth = random.normal(0, 0.1)
    gains = np.array([1 + warmth, 1, 1 - warmth]) * 2 ** random.normal(0.05, 0.18)
    seen = picture * (light * (1 - shade)).clip(0.1)[..., None] * gains
    image = Image.fromarray((seen.clip(0, 1) * 255).astype(np.uint8))
    radius = random.uniform(0, 0.004) * min(shape)
    sharp = np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), np.float32)
    noise = random.standard_normal(sharp.shape, np.float32) * random.uniform(1, 3)
    return Image.fromarray((sharp + noise).clip(0, 255).astype(np.uint8))
