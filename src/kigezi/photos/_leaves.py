"""Outlines of leaves and of what lies on them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from kigezi.photos.brushes import Points, Shape, blob


@dataclass(frozen=True)
class Leaf:
    """Where one leaf lies and how it is cut.

    Attributes:
        centre: Position of its middle, (x, y) in pixels.
        length: From stalk to tip, in pixels.
        width: Half-width as a fraction of the length.
        angle: Direction of the midrib, in radians.
        bend: Sag of the midrib as a fraction of the length.
        skew: Exponent moving the widest part towards the tip (> 1) or stalk (< 1).
        teeth: Teeth along each margin.
        bite: Depth of the teeth as a fraction of the half-width.
    """

    centre: tuple[float, float]
    length: float
    width: float
    angle: float
    bend: float
    skew: float
    teeth: int
    bite: float

    def place(self, along: Points, across: Points) -> Points:
        """Turn positions on the leaf into (x, y) rows in pixels.

        Args:
            along: Fractions of the midrib, 0 (stalk) to 1 (tip).
            across: Fractions of the local half-width, -1 to 1.
        """
        half = self.width * np.sin(np.pi * along**self.skew).clip(0) ** 0.8
        half = half * (1 - self.bite * (along * self.teeth % 1))
        sag = self.bend * (1 - (2 * along - 1) ** 2)
        local = np.stack([along - 0.5, across * half + sag]) * self.length
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        return (np.array([[cosine, -sine], [sine, cosine]]) @ local).T + self.centre

    def outline(self) -> Points:
        """Return the margin as a polygon, (x, y) rows in pixels."""
        along = np.linspace(0, 1, 80)
        sides = np.ones_like(along)
        return np.vstack([self.place(along, sides), self.place(along, -sides)[::-1]])

    def veins(self, pairs: int) -> list[Points]:
        """Return the midrib and `pairs` side veins on each side as polylines."""
        steps = np.linspace(0, 1, 6)
        lines = [self.place(steps, 0 * steps)]
        for start in np.linspace(0.08, 0.8, pairs):
            along = start + 0.16 * steps**1.3
            lines += [self.place(along, side * 0.92 * steps) for side in (-1, 1)]
        return lines


def random_leaf(random: Generator, shape: Shape, reach: tuple[float, float]) -> Leaf:
    """Return a leaf near the middle, `reach` times the shorter side long."""
    height, width = shape
    x, y = random.normal(0.5, 0.06, 2).clip(0.3, 0.7) * (width, height)
    return Leaf(
        centre=(float(x), float(y)),
        length=random.uniform(*reach) * min(shape),
        width=random.uniform(0.26, 0.44),
        angle=random.uniform(0, 2 * np.pi),
        bend=random.uniform(-0.1, 0.1),
        skew=random.uniform(0.65, 1.25),
        teeth=int(random.integers(6, 24)),
        bite=max(0.0, random.uniform(-0.1, 0.16)),
    )


def blobs_on(
    random: Generator, leaf: Leaf, radii: Sequence[float] | Points, roughness: float
) -> list[Points]:
    """Scatter one blob per radius (fractions of the leaf's length) over a leaf."""
    along = random.uniform(0.12, 0.88, len(radii))
    across = random.uniform(-0.8, 0.8, len(radii))
    sites = zip(leaf.place(along, across), radii, strict=True)
    return [blob(random, spot, size * leaf.length, roughness) for spot, size in sites]
