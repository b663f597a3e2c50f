"""Photographs of leaves that the project draws itself, for the offline demo.

The ranges below were tuned together: a small network trained from scratch tells the
classes apart within a dozen epochs, the average colour of a photograph does not.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from PIL import Image

from kigezi.photos._leaves import Leaf, blobs_on, random_leaf
from kigezi.photos.brushes import (
    Pixels,
    Shape,
    blob,
    cloud,
    colour,
    coverage,
    expose,
    paint,
    soften,
)

CLASSES: tuple[str, ...] = ("blotched", "healthy", "spotted")
DRAWING_VERSION = 1
"""to be raised with every change of the code that changes a drawn pixel"""
ASPECT_RATIOS = (4 / 3, 3 / 4, 3 / 2, 1.0)
STONE = np.array([[[1.0]], [[0.95]], [[0.88]]], np.float32)


def drawn_names(count: int, labels: Sequence[str]) -> list[tuple[str, int]]:
    """Name the pictures to draw, near-equally many per class.

    Args:
        count: How many in all, 0 or more.
        labels: The classes.

    Returns:
        Distinct pairs of a label and an index counted from 0 within its label.
    """
    kinds = len(labels)
    return [(labels[place % kinds], place // kinds) for place in range(count)]


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
    leaf = random_leaf(random, shape, (1.2, 1.8))
    picture = _background(random, shape)
    _cast_shadow(random, picture, leaf)
    blade = _paint_blade(random, picture, leaf)
    if label == "spotted":
        _paint_spots(random, picture, leaf, blade)
    elif label == "blotched":
        _paint_blotches(random, picture, leaf, blade)
    _paint_specks(random, picture, leaf, blade)
    return expose(random, picture)


def _generator(label: str, index: int, seed: int) -> Generator:
    """Return the source of chance that belongs to one photograph alone."""
    digest = hashlib.sha256(f"{seed}/{label}/{index}".encode()).digest()
    return Generator(np.random.Philox(key=int.from_bytes(digest[:16], "big")))


def _green(random: Generator) -> Pixels:
    """Return the colour of a living leaf, yellowish to bluish."""
    return colour(random, (0.16, 0.36), (0.35, 0.8), (0.35, 0.7))


def _background(random: Generator, shape: Shape) -> Pixels:
    """Return soil, gravel, cloth or other leaves, more or less out of focus."""
    kind = random.choice(["soil", "gravel", "cloth", "leaves"])
    ground = colour(random, (0.02, 0.14), (0.1, 0.6), (0.15, 0.9))
    rough = 0.25
    if kind == "cloth":
        ground, rough = colour(random, (0, 1), (0, 0.6), (0.1, 1)), 0.03
    grain = cloud(random, shape, 3) + cloud(random, shape, 12)
    picture = ground * (1 + rough * grain)
    if kind == "gravel":
        _strew_stones(random, picture)
    if kind == "leaves":
        _strew_leaves(random, picture)
    return soften(picture, float(random.choice([0.04, 0.06, 0.09])) * min(shape))


def _strew_stones(random: Generator, picture: Pixels) -> None:
    """Paint pebbles of mixed size, a few of each shade of grey."""
    shape = picture.shape[1:]
    for tone in random.uniform(0.2, 0.9, 4):
        centres = random.uniform(0, 1, (14, 2)) * shape[::-1]
        radii = random.uniform(0.02, 0.09, 14) * min(shape)
        sites = zip(centres, radii, strict=True)
        stones = [blob(random, centre, radius, 0.2) for centre, radius in sites]
        paint(picture, tone * STONE, coverage(shape, stones))


def _strew_leaves(random: Generator, picture: Pixels) -> None:
    """Paint other leaves anywhere, some of them in the shade."""
    shape = picture.shape[1:]
    for _ in range(6):
        leaf = random_leaf(random, shape, (0.4, 0.9))
        offset = random.uniform(-0.5, 0.5, 2) * shape[::-1]
        cover = coverage(shape, [leaf.outline() + offset])
        paint(picture, _green(random) * random.uniform(0.4, 1), cover)


def _cast_shadow(random: Generator, picture: Pixels, leaf: Leaf) -> None:
    """Darken the background where the leaf hides it from the sun."""
    side = min(picture.shape[1:])
    offset = random.normal(0, 0.04, 2) * side
    cover = coverage(picture.shape[1:], [leaf.outline() + offset])
    depth = random.uniform(0, 0.7)
    picture *= 1 - depth * soften(cover, 0.02 * side)


def _paint_blade(random: Generator, picture: Pixels, leaf: Leaf) -> Pixels:
    """Paint a sound leaf with its veins and gloss; return its cover (0 to 1)."""
    shape = picture.shape[1:]
    cover = coverage(shape, [leaf.outline()])
    green, other = _green(random), _green(random)
    mix = np.clip(0.4 + 0.4 * cloud(random, shape, 3), 0, 1)
    blade = green + mix * (other - green)
    blade *= 1 + 0.03 * cloud(random, shape, 30)
    veins = leaf.veins(int(random.integers(4, 11)))
    lines = coverage(shape, veins, random.uniform(0.004, 0.012) * leaf.length)
    shade = float(random.choice([0.6, 1.3, 1.6]))
    paint(blade, green * shade, lines * random.uniform(0.15, 0.5))
    gloss = np.clip(cloud(random, shape, 5) - 0.8, 0, 1) * random.uniform(0, 0.7)
    paint(blade, 1.0, gloss)
    paint(picture, blade, cover)
    return cover


def _paint_spots(random: Generator, picture: Pixels, leaf: Leaf, blade: Pixels) -> None:
    """Paint many small dark spots, each in a yellowish halo."""
    radii = random.uniform(0.01, 0.022, random.integers(50, 110))
    cover = coverage(blade.shape, blobs_on(random, leaf, radii, 0.08)) * blade
    # Without the bright halo, a low mean brightness would give the class away.
    halo = soften(cover, 0.012 * leaf.length) * blade * random.uniform(0.3, 0.9)
    paint(picture, colour(random, (0.14, 0.2), (0.3, 0.7), (0.6, 0.9)), halo)
    dark = colour(random, (0, 0.1), (0.3, 0.7), (0.05, 0.25))
    paint(picture, dark, cover * random.uniform(0.85, 1))


def _paint_blotches(
    random: Generator, picture: Pixels, leaf: Leaf, blade: Pixels
) -> None:
    """Paint a few pale, ragged, partly worn blotches with brown rims."""
    radii = random.uniform(0.06, 0.13, random.integers(4, 9))
    patches = blobs_on(random, leaf, radii, 0.5)
    # Without the dark rims, a high mean brightness would give the class away.
    rims = coverage(blade.shape, patches, 0.02 * leaf.length) * blade
    paint(picture, colour(random, (0, 0.1), (0.3, 0.7), (0.1, 0.3)), rims)
    worn = np.clip(0.75 + 0.3 * cloud(random, blade.shape, 30), 0.1, 1)
    pale = colour(random, (0.08, 0.18), (0.25, 0.6), (0.5, 0.9))
    cover = coverage(blade.shape, patches) * blade * worn
    paint(picture, pale, cover * random.uniform(0.85, 1))


def _paint_specks(
    random: Generator, picture: Pixels, leaf: Leaf, blade: Pixels
) -> None:
    """Paint dirt, dew and flecks of sun, which any leaf may carry."""
    for most, radius, tone in ((9, 0.012, 0.15), (9, 0.012, 0.95), (3, 0.07, 0.9)):
        radii = random.uniform(0.3, 1, random.integers(most + 1)) * radius
        outlines = blobs_on(random, leaf, radii, 0.3)
        cover = soften(coverage(blade.shape, outlines), radius / 4 * leaf.length)
        paint(picture, tone, cover * blade * random.uniform(0.1, 0.5))
