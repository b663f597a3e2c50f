"""Photographs for the benchmarks: as in public data sets, and as phones make them.

Workers import this module, so it imports little.
"""

import shutil
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from kigezi.datasets.workers import map_in_processes, usable_processors
from kigezi.photos.drawing import CLASSES, draw_photograph, drawn_names

SMALL = (256, 256)
LARGE = (4000, 3000)
"""12 megapixels"""

_SEED = 1
_LARGEST_DRAWING = 600
"""pixels; larger ones are enlarged from it, for drawing 12 megapixels takes long"""
_GRAIN = 5
"""spread of the noise of an enlarged drawing, out of 255

It stands for a sensor's noise. Without it, an enlarged drawing would decode faster than
a photograph; with it, a file has 3 to 4 MB, as a phone's has.
"""


def draw_photographs(folder: Path, count: int, size: tuple[int, int]) -> None:
    """Fill a folder with class folders of drawn photographs, JPEG of quality 92."""
    names = drawn_names(count, CLASSES)
    for label in CLASSES:
        (folder / label).mkdir(parents=True)
    draw = partial(_draw, folder=folder, size=size)
    list(map_in_processes(draw, names, usable_processors(), batch=1))


def cut_photographs(folder: Path, drawn: Path, count: int, side: int) -> None:
    """Fill a folder with so many squares, each cut from a place in a drawn photograph.

    They are made in no time, and no two look alike, as copies with other bytes would.
    """
    images = [
        (path.parent.name, Image.open(path))
        for path in sorted(drawn.rglob("*"))
        if path.suffix == ".jpg"
    ]
    for label in CLASSES:
        (folder / label).mkdir(parents=True)
    generator = np.random.default_rng(_SEED)
    for number in range(count):
        label, image = images[number % len(images)]
        angle = generator.uniform(0, 360)
        left, top = (generator.uniform(side, edge - 2 * side) for edge in image.size)
        box = (left - side, top - side, left + 2 * side, top + 2 * side)
        turned = image.resize((3 * side, 3 * side), box=box).rotate(angle)
        square = turned.crop((side, side, 2 * side, 2 * side))
        square.save(folder / label / f"{number:06d}.jpg", quality=92)


def copy_photographs(folder: Path, source: Path, count: int) -> None:
    """Fill a folder with up to so many JPEG files of a folder, from all parts of it."""
    found = sorted(
        path
        for path in source.rglob("*")
        if path.suffix.lower() in (".jpg", ".jpeg") and path.is_file()
    )
    every = max(1, len(found) // count)
    for number, path in enumerate(found[::every][:count]):
        target = folder / path.parent.name / f"{number:05d}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def _draw(name: tuple[str, int], folder: Path, size: tuple[int, int]) -> None:
    label, index = name
    drawing = draw_photograph(label, index, _SEED, min(*size, _LARGEST_DRAWING))
    image = drawing.resize(size, Image.Resampling.BICUBIC)
    if min(size) > _LARGEST_DRAWING:
        image = _with_grain(image, index)
    image.save(folder / label / f"{index:05d}.jpg", quality=92)


def _with_grain(image: Image.Image, seed: int) -> Image.Image:
    shape = (image.height, image.width, 1)
    noise = np.random.default_rng(seed).standard_normal(shape, np.float32)
    pixels = np.asarray(image) + _GRAIN * noise
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
