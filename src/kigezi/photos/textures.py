"""Families of textures and figures that the backbone is pretrained on.

Each function draws one member of its family on a square plane: values from 0 (ground)
to 1 (mark), float32, (side, side). Place, direction and details are drawn anew for each
image; the other arguments say which of the family's classes it is. Lengths are
fractions of the side, angles radians, `waves` periods along the side.
"""

from typing import Literal

import numpy as np
from numpy.random import Generator, Philox
from numpy.typing import NDArray

from kigezi.photos.brushes import Pixels, Points, blob, cloud, coverage, soften

TURN = 2 * np.pi
_STEPS = np.linspace(0, 1, 8)


def noise(random: Generator, side: int, *, fall: float, stretch: float) -> Pixels:
    """Noise whose amplitude falls by a power of the frequency, and may be stretched.

    Spectra of this kind are those of natural images (Baradad et al. 2021,
    arXiv:2106.05963).
    """
    along, across = _frequencies(random, side)
    frequency = np.hypot(along, across * stretch)
    frequency[0, 0] = np.inf  # no constant part
    plane = _filtered(random, side, frequency**-fall)
    low, high = np.percentile(plane, (2, 98))
    return _clipped((plane - low) / (high - low))


def labyrinths(random: Generator, side: int, *, waves: float, level: float) -> Pixels:
    """Noise of one wavelength cut at a level: spots, labyrinths or holes."""
    middle = waves * _about(random, 0.15)
    frequency = np.hypot(*_frequencies(random, side))
    plane = _filtered(random, side, np.exp(-(((frequency / middle - 1) / 0.15) ** 2)))
    return _clipped(0.5 + 3 * (plane / plane.std() - level))


def stripes(
    random: Generator, side: int, *, waves: float, warp: float, contrast: float
) -> Pixels:
    """Parallel stripes, straight or bent, with soft or hard edges."""
    x, _ = _turned(random, side)
    phase = TURN * waves * _about(random, 0.15) * x + warp * cloud(random, x.shape, 4)
    return _clipped(0.5 + contrast * np.sin(phase + random.uniform(0, TURN)))


def rings(
    random: Generator, side: int, *, waves: float, warp: float, arms: int
) -> Pixels:
    """Rings around a point, or a spiral with a number of arms."""
    x, y = _turned(random, side)
    x, y = x - random.uniform(-0.25, 0.25), y - random.uniform(-0.25, 0.25)
    phase = TURN * waves * _about(random, 0.15) * np.hypot(x, y)
    phase += arms * np.arctan2(y, x) + warp * cloud(random, x.shape, 4)
    return _clipped(0.5 + np.sin(phase))


def cells(
    random: Generator,
    side: int,
    *,
    count: int,
    kind: Literal["flat", "shaded", "walls", "ridges"],
) -> Pixels:
    """Cells around random points (Worley noise): plain, shaded, or only their walls."""
    x, y = _turned(random, side)
    nearest = np.full((side, side), np.inf, np.float32)
    second, tones = nearest.copy(), np.zeros_like(nearest)
    sites = random.uniform(-0.6, 0.6, (int(count * _about(random, 0.2)), 2))
    for (left, top), tone in zip(sites, random.random(len(sites)), strict=True):
        distance = np.hypot(x - left, y - top) * np.sqrt(count)
        tones[distance < nearest] = tone
        second = np.minimum(second, np.maximum(nearest, distance))
        nearest = np.minimum(nearest, distance)
    if kind == "flat":
        return tones
    if kind == "shaded":
        return _clipped(1 - 1.4 * nearest)
    steepness = {"walls": 14, "ridges": 6}[kind]
    return _clipped(1.3 - steepness * (second - nearest))


def lattices(
    random: Generator,
    side: int,
    *,
    waves: float,
    kind: Literal["checks", "grid", "dots", "honeycomb"],
) -> Pixels:
    """Regular lattices, slightly bent."""
    x, y = _turned(random, side)
    scale = TURN * waves * _about(random, 0.15)
    bend = random.uniform(0, 0.5) * cloud(random, x.shape, 3)
    x, y = scale * x + bend, scale * y + bend
    if kind == "honeycomb":
        height = np.sqrt(0.75) * y
        sixths = np.cos(x) + np.cos(height - x / 2) + np.cos(height + x / 2)
        return _clipped(0.5 + 2 * (sixths - 0.3))
    a, b = np.sin(x), np.sin(y)
    planes = {"checks": 4 * a * b, "grid": 6 * (np.maximum(a, b) - 0.85)}
    return _clipped(0.5 + planes.get(kind, 4 * (a + b - 1)))


def spots(
    random: Generator,
    side: int,
    *,
    radius: float,
    count: int,
    roughness: float,
    kind: Literal["full", "rings", "soft", "halo"],
) -> Pixels:
    """Spots anywhere or in clusters: full, hollow, soft or with a halo."""
    count = int(count * random.uniform(0.7, 1.4))
    sites = _scattered(random, count) * side
    radii = radius * random.uniform(0.6, 1.4, count) * side
    pairs = zip(sites, radii, strict=True)
    outlines = [blob(random, site, size, roughness) for site, size in pairs]
    cover = coverage((side, side), outlines)
    if kind == "rings":
        pairs = zip(sites, outlines, strict=True)
        holes = [site + 0.6 * (outline - site) for site, outline in pairs]
        return _clipped(cover - 0.9 * coverage((side, side), holes))
    if kind == "soft":
        return soften(cover, 0.6 * radius * side)
    if kind == "halo":
        return np.maximum(cover, 0.5 * soften(cover, 0.8 * radius * side))
    return cover


def polygons(
    random: Generator, side: int, *, corners: int, dent: float, count: int
) -> Pixels:
    """Regular polygons, or stars where the sides are dented, of any size."""
    outline = _polygon(corners, dent)
    count = max(1, int(count * _about(random, 0.3)))
    sizes = random.uniform(0.25, 0.5, count) / np.sqrt(count)
    squeezed = outline * [1, random.uniform(0.8, 1)]
    placed = [
        squeezed @ _rotation(random.uniform(0, TURN)) * size + place
        for size, place in zip(sizes, random.uniform(0.1, 0.9, (count, 2)), strict=True)
    ]
    return coverage((side, side), [side * shape for shape in placed])


def flowers(
    random: Generator, side: int, *, petals: int, depth: float, power: float
) -> Pixels:
    """One large outline with a number of petals (a polar curve)."""
    turn = np.linspace(0, TURN, 120)
    wave = np.cos(petals * turn)
    distance = 1 + depth * np.sign(wave) * np.abs(wave) ** power
    distance *= random.uniform(0.3, 0.5) / (1 + depth)
    around = turn + random.uniform(0, TURN)
    squeezed = np.sin(around) * random.uniform(0.75, 1)
    outline = np.stack([np.cos(around), squeezed], 1) * distance[:, None]
    return coverage((side, side), [(outline + random.uniform(0.35, 0.65, 2)) * side])


def fibres(
    random: Generator, side: int, *, length: float, bend: float, spread: float
) -> Pixels:
    """Strokes, straight or curled, in about one direction or in any."""
    count = int(14 / length * _about(random, 0.3))
    way = random.uniform(0, TURN)
    lines = []
    for start in random.uniform(-0.1, 1.1, (count, 2)):
        angle = way + spread * random.normal()
        angles = angle + bend * random.choice([-1, 1]) * (_STEPS - 0.5) * TURN
        lines.append(start + _walk(angles, length))
    return coverage((side, side), [side * line for line in lines], 0.012 * side)


def branches(
    random: Generator, side: int, *, angle: float, ratio: float, twigs: int
) -> Pixels:
    """A tree of veins that forks five times.

    Args:
        angle: Between neighbouring twigs.
        ratio: Length of a twig against its branch.
        twigs: At each fork.
    """
    way = random.uniform(0, TURN)
    tips = [(0.5 - random.uniform(0.3, 0.55) * _direction(way), way)]
    length, cover = random.uniform(0.25, 0.33), np.zeros((side, side), np.float32)
    turns = angle * (np.arange(twigs) - (twigs - 1) / 2)
    for stroke in (0.03, 0.03, 0.018, 0.018, 0.009, 0.009):
        lines, grown = [], []
        for start, heading in tips:
            end = start + length * random.uniform(0.85, 1.1) * _direction(heading)
            lines.append(np.stack([start, end]) * side)
            grown += [(end, heading + turn + random.normal(0, 0.1)) for turn in turns]
        drawn = coverage((side, side), lines, stroke * side)
        cover, tips, length = np.maximum(cover, drawn), grown, length * ratio
    return cover


def feathers(
    random: Generator, side: int, *, pairs: int, angle: float, curl: float
) -> Pixels:
    """A midrib with pairs of side veins that leave it at an angle, and may curl."""
    lines = [np.stack([_STEPS - 0.5, 0 * _STEPS], 1)]
    for start in np.linspace(-0.45, 0.4, pairs):
        for hand in (-1, 1):
            vein = _walk(hand * angle * (1 - curl * _STEPS), 0.4)
            lines.append(np.add(vein, (start, 0)))
    turned = _rotation(random.uniform(0, TURN)) * random.uniform(0.8, 1.3)
    place = random.uniform(0.4, 0.6, 2)
    placed = [(line @ turned + place) * side for line in lines]
    return coverage((side, side), placed, random.uniform(0.012, 0.022) * side)


def fractals(random: Generator, side: int, *, code: int) -> Pixels:
    """The attractor of random affine maps (Kataoka et al. 2020, arXiv:2101.08515).

    Args:
        code: Decides the maps, which are varied by a few percent for each image.
    """
    law = Generator(Philox(key=code))
    count = int(law.integers(2, 5))
    turns = law.uniform(0, TURN, (count, 2))
    shrinks = law.uniform((0.45, 0.25), (0.85, 0.8), (count, 2))
    shrinks[:, 1] *= law.choice([-1, 1], count)
    shifts = law.uniform(-1, 1, (count, 2))
    maps = np.stack(
        [
            _rotation(first) * shrink @ _rotation(second)
            for (first, second), shrink in zip(turns, shrinks, strict=True)
        ]
    ) * random.uniform(0.93, 1.05, (count, 1, 1))
    chances = np.abs(np.linalg.det(maps)) + 0.02
    points, visited = np.zeros((800, 2)), []
    choices = random.choice(count, (40, len(points)), p=chances / chances.sum())
    for step, chosen in enumerate(choices):
        points = (maps[chosen] @ points[..., None])[..., 0] + shifts[chosen]
        if step >= 8:  # from here on the points lie on the attractor
            visited.append(points)
    return _histogram(random, side, np.concatenate(visited))


def overlaps(
    random: Generator,
    side: int,
    *,
    kind: Literal["discs", "squares", "triangles", "stars"],
    power: float,
) -> Pixels:
    """Flat shapes that cover one another, their sizes by a power law.

    The "dead leaves" model of images (Lee, Mumford and Huang 2001,
    doi:10.1023/A:1011109015675; as a pretext task Baradad et al. 2021).
    """
    corners, dent = {
        "discs": (20, 0),
        "squares": (4, 0),
        "triangles": (3, 0),
        "stars": (5, 0.5),
    }[kind]
    outline, count = _polygon(corners, dent), 120
    ends = np.array([0.03, 0.4]) ** (1 - power)
    sizes = (ends[0] + random.random(count) * (ends[1] - ends[0])) ** (1 / (1 - power))
    places = random.uniform(0, 1, (count, 2))
    turns = random.uniform(0, TURN, count)
    shapes = [
        (outline @ _rotation(turn) * size + place) * side
        for turn, size, place in zip(turns, sizes, places, strict=True)
    ]
    return coverage((side, side), shapes, tones=random.random(count))


def _clipped(plane: NDArray[np.floating]) -> Pixels:
    return plane.clip(0, 1).astype(np.float32)


def _about(random: Generator, share: float) -> float:
    """A factor near 1."""
    return random.uniform(1 - share, 1 + share)


def _direction(angle: float) -> Points:
    return np.array([np.cos(angle), np.sin(angle)])


def _rotation(angle: float) -> Points:
    cosine, sine = _direction(angle)
    return np.array([[cosine, -sine], [sine, cosine]])


def _walk(angles: Points, length: float) -> Points:
    """A line of equal steps in these directions, (x, y) rows from the origin."""
    steps = np.stack([np.cos(angles), np.sin(angles)], 1)
    return np.cumsum(steps, 0) * length / len(angles)


def _polygon(corners: int, dent: float) -> Points:
    """A regular polygon of radius 1, or a star: inner corners lie `dent` deeper."""
    turn = np.linspace(0, TURN, 2 * corners, endpoint=False)
    radius = np.where(np.arange(2 * corners) % 2, 1 - dent, 1)
    outline = np.stack([np.cos(turn), np.sin(turn)], 1) * radius[:, None]
    return outline if dent else outline[::2]


def _scattered(random: Generator, count: int) -> Points:
    """Places anywhere, or one time in three around three centres."""
    if random.random() < 2 / 3:
        return random.uniform(-0.05, 1.05, (count, 2))
    centres = random.uniform(0, 1, (3, 2))
    return centres[random.integers(0, 3, count)] + random.normal(0, 0.12, (count, 2))


def _turned(random: Generator, side: int) -> tuple[Pixels, Pixels]:
    """Coordinates from -0.5 to 0.5 along two directions at a right angle."""
    axis = np.linspace(-0.5, 0.5, side, dtype=np.float32)
    x, y = np.meshgrid(axis, axis)
    cosine, sine = _direction(random.uniform(0, TURN)).astype(np.float32)
    return x * cosine - y * sine, x * sine + y * cosine


def _frequencies(random: Generator, side: int) -> tuple[Points, Points]:
    """Periods along the side in two directions at a right angle, for `_filtered`."""
    rows = np.fft.fftfreq(side, 1 / side)[:, None]
    columns = np.fft.rfftfreq(side, 1 / side)[None]
    cosine, sine = _direction(random.uniform(0, TURN))
    return columns * cosine + rows * sine, rows * cosine - columns * sine


def _filtered(random: Generator, side: int, amplitudes: Points) -> Points:
    """Noise with these amplitudes of its frequencies."""
    spectrum = np.fft.rfft2(random.standard_normal((side, side)))
    return np.fft.irfft2(spectrum * amplitudes, (side, side))


def _histogram(random: Generator, side: int, points: Points) -> Pixels:
    """A cloud of points, turned and scaled to fill most of the plane."""
    points = points - np.median(points, 0)
    points /= np.percentile(np.abs(points), 97)
    points = points @ _rotation(random.uniform(0, TURN)) * random.uniform(0.3, 0.45)
    cells = np.floor((points + random.uniform(0.42, 0.58, 2)) * side).astype(int)
    columns, rows = cells[((cells >= 0) & (cells < side)).all(1)].T
    counts = np.bincount(rows * side + columns, minlength=side * side)
    return _clipped(counts.reshape(side, side) / 3)
