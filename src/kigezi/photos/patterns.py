"""Images of textures and figures that a backbone is pretrained on, drawn by formula.

What is learned from drawn classes transfers to photographs (Kataoka et al. 2020,
arXiv:2101.08515; Baradad et al. 2021, arXiv:2106.05963). A class is a member of a
family of textures in one of two pairs of colours, so that neither texture nor colour
alone tells it. Ground, light and blur differ from image to image. No class is a leaf.

Colour is part of the classes on purpose: with colours drawn at random the network
learns to overlook them, and its features told potato leaves apart far worse.
"""

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from kigezi.photos import textures
from kigezi.photos.brushes import Pixels, blob, cloud, colour, coverage, expose, paint

PATTERNS_VERSION = 1
"""to be raised with every change of the code that changes a drawn pixel"""

Texture = Callable[[Generator, int], Pixels]

_CODES = tuple(range(1, 25))
_FAMILIES: tuple[tuple[Callable[..., Pixels], dict[str, tuple[Any, ...]]], ...] = (
    (textures.noise, {"fall": (0.6, 1.1, 1.6, 2.2), "stretch": (1, 4)}),
    (textures.labyrinths, {"waves": (6, 12, 22), "level": (-0.8, 0, 0.8)}),
    (textures.stripes, {"waves": (4, 9, 18), "warp": (0, 2), "contrast": (0.5, 3)}),
    (textures.rings, {"waves": (5, 10), "warp": (0, 1.5), "arms": (0, 2)}),
    (
        textures.cells,
        {"count": (14, 60), "kind": ("flat", "shaded", "walls", "ridges")},
    ),
    (
        textures.lattices,
        {"waves": (4, 9), "kind": ("checks", "grid", "dots", "honeycomb")},
    ),
    (
        textures.spots,
        {
            "radius": (0.02, 0.045),
            "count": (12, 50),
            "roughness": (0.05, 0.5),
            "kind": ("full",),
        },
    ),
    (
        textures.spots,
        {
            "radius": (0.045, 0.1),
            "count": (10,),
            "roughness": (0.05, 0.5),
            "kind": ("rings", "soft", "halo"),
        },
    ),
    (textures.polygons, {"corners": (3, 4, 6), "dent": (0,), "count": (1, 7)}),
    (textures.polygons, {"corners": (4, 6), "dent": (0.5,), "count": (1, 7)}),
    (
        textures.flowers,
        {"petals": (3, 5, 8), "depth": (0.2, 0.5), "power": (1, 0.4)},
    ),
    (
        textures.fibres,
        {"length": (0.1, 0.4), "bend": (0, 0.6), "spread": (0.15, 9.0)},
    ),
    (
        textures.branches,
        {"angle": (0.5, 1.0), "ratio": (0.65, 0.8), "twigs": (2, 3)},
    ),
    (textures.feathers, {"pairs": (4, 9), "angle": (0.5, 1.0), "curl": (0, 0.8)}),
    (textures.fractals, {"code": _CODES}),
    (
        textures.overlaps,
        {"kind": ("discs", "squares", "triangles", "stars"), "power": (1.5, 3)},
    ),
)


def _classes() -> Iterator[tuple[str, Texture]]:
    """Every combination of a family's arguments under a name of its own."""
    counts: dict[str, int] = {}
    for family, choices in _FAMILIES:
        for values in product(*choices.values()):
            name = family.__name__
            counts[name] = counts.get(name, 0) + 1
            arguments = dict(zip(choices, values, strict=True))
            yield f"{name}_{counts[name]:02d}", partial(family, **arguments)


_TEXTURES: dict[str, Texture] = dict(_classes())

PATTERNS: tuple[str, ...] = tuple(
    f"{texture}_{colours}" for colours in ("a", "b") for texture in _TEXTURES
)
"""the classes: every texture in two pairs of colours"""


def draw_pattern(label: str, index: int, seed: int, size: int) -> NDArray[np.uint8]:
    """Draw one image of a class, the same for the same arguments.

    Args:
        label: One of `PATTERNS`.
        index: Number of the image within its class.
        seed: Number of the collection.
        size: Side of the square image in pixels.

    Returns:
        (size, size, 3), RGB from 0 to 255.
    """
    random = _generator(f"patterns/{seed}/{label}/{index}")
    mark = _TEXTURES[label.rpartition("_")[0]](random, size)
    below, above = _two_colours(random, _generator(f"colours/{label}"))
    picture = _grained(random, size, below)
    paint(picture, _grained(random, size, above), mark * random.uniform(0.75, 1))
    if random.random() < 0.4:
        picture = _cut_out(random, picture)
    return np.asarray(expose(random, picture))


def _generator(name: str) -> Generator:
    """The source of chance that belongs to this name alone."""
    digest = hashlib.sha256(name.encode()).digest()
    return Generator(np.random.Philox(key=int.from_bytes(digest[:16], "big")))


def _two_colours(random: Generator, law: Generator) -> tuple[Pixels, Pixels]:
    """Ground and mark, of hues near the law's, which says which of them is darker."""
    hues, mark_is_darker = law.random(2), law.random() < 0.5
    hues = (hues + random.normal(0, 0.05, 2)) % 1
    dark, pale = (
        colour(random, (hue, hue), (0.1, 0.9), values)
        for hue, values in zip(hues, ((0.1, 0.5), (0.65, 1.0)), strict=True)
    )
    return (pale, dark) if mark_is_darker else (dark, pale)


def _grained(random: Generator, size: int, tint: Pixels) -> Pixels:
    """A sheet of one colour that is coarsely or finely uneven."""
    grain = cloud(random, (size, size), int(random.choice([4, 12, 30])))
    return tint * (1 + random.uniform(0.02, 0.2) * grain)


def _cut_out(random: Generator, picture: Pixels) -> Pixels:
    """Only a piece of the picture, on another ground."""
    size = picture.shape[1]
    ground = _grained(random, size, colour(random, (0, 1), (0, 0.7), (0.1, 1)))
    middle, radius = random.uniform(0.35, 0.65, 2), random.uniform(0.4, 0.6)
    outline = blob(random, middle * size, radius * size, 0.4)
    paint(ground, picture, coverage((size, size), [outline]))
    return ground
