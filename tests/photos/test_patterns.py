"""The images that the project draws to pretrain a backbone."""

import ast
import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from kigezi.photos import drawing, patterns, textures
from kigezi.photos.patterns import PATTERNS, draw_pattern

SIZE = 32


def _digest(label: str, index: int, seed: int) -> str:
    return hashlib.sha256(draw_pattern(label, index, seed, SIZE)).hexdigest()


def test_there_are_many_classes_of_every_family() -> None:
    families = {label.rsplit("_", 2)[0] for label in PATTERNS}
    assert len(PATTERNS) == len(set(PATTERNS)) == 302
    assert families == {
        name
        for name, value in vars(textures).items()
        if getattr(value, "__module__", "") == textures.__name__
        and not name.startswith("_")
    }


def test_no_class_and_no_brush_is_of_a_leaf() -> None:
    assert set(PATTERNS).isdisjoint(drawing.CLASSES)
    for module in (patterns, textures):
        tree = ast.parse(Path(module.__file__).read_text("utf-8"))
        imported = {
            name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for name in (node.module, *(alias.name for alias in node.names))
        }
        forbidden = {"kigezi.photos.drawing", "kigezi.photos._leaves"}
        assert imported.isdisjoint({*forbidden, "drawing", "_leaves"})


@pytest.mark.parametrize("label", PATTERNS[:: len(PATTERNS) // 30])
def test_an_image_is_square_and_shows_something(label: str) -> None:
    for size in (SIZE, 96):
        image = draw_pattern(label, 5, 0, size)
        assert (image.shape, image.dtype) == ((size, size, 3), np.uint8)
        assert image.std() > 4


def test_same_arguments_give_the_same_image_in_any_process() -> None:
    label = "fractals_03_b"
    script = (
        "import hashlib; from kigezi.photos.patterns import draw_pattern;"
        f"pixels = draw_pattern({label!r}, 3, 7, {SIZE});"
        "print(hashlib.sha256(pixels).hexdigest())"
    )
    command = [sys.executable, "-c", script]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == _digest(label, 3, 7)


@pytest.mark.parametrize(
    ("label", "index", "seed"),
    [("spots_01_a", 3, 8), ("spots_01_a", 4, 7), ("spots_01_b", 3, 7)],
)
def test_any_other_argument_gives_another_image(
    label: str, index: int, seed: int
) -> None:
    assert _digest(label, index, seed) != _digest("spots_01_a", 3, 7)


def _told_apart(labels: list[str]) -> float:
    """How often the mean colour alone tells which class an image is of."""
    images = [[draw_pattern(one, i, 1, SIZE) for i in range(60)] for one in labels]
    colours = np.array(images).mean(axis=(2, 3)).reshape(-1, 3)
    kinds, taught = np.arange(120) // 60, np.arange(120) % 60 < 40
    model = LogisticRegression(max_iter=1000).fit(colours[taught], kinds[taught])
    return model.score(colours[~taught], kinds[~taught])


def test_a_texture_has_two_pairs_of_colours() -> None:
    pairs = [(f"{name}_a", f"{name}_b") for name in ("noise_01", "cells_02")]
    assert min(_told_apart(list(pair)) for pair in pairs) > 0.7


def test_textures_are_planes_from_ground_to_mark() -> None:
    random = np.random.default_rng(1)
    for name, draw in patterns._TEXTURES.items():
        plane = draw(random, SIZE)
        assert (plane.shape, plane.dtype) == ((SIZE, SIZE), np.float32), name
        assert 0 <= plane.min() <= plane.max() <= 1, name
