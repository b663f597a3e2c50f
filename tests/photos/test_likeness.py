import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageEnhance

from kigezi.photos.hashing import ORIENTATIONS, oriented
from kigezi.photos.likeness import (
    SIDE,
    likeness,
    likenesses,
    read_grey,
    spectrum_of,
    turned_spectra,
)
from tests.pictures import encoded, picture, textured

LOOK_ALIKES, NEIGHBOURS = 0.2, 0.07

CHANGES: dict[str, Callable[[Image.Image], bytes]] = {
    "quality 60": lambda image: encoded(image, quality=60),
    "half the size": lambda image: encoded(image.resize((100, 100))),
    "32 px": lambda image: encoded(image.resize((32, 32)), "PNG"),
    "10 degrees": lambda image: encoded(image.rotate(10, Image.Resampling.BICUBIC)),
    "-22 degrees": lambda image: encoded(image.rotate(-22, Image.Resampling.BICUBIC)),
    "shifted": lambda image: encoded(ImageChops.offset(image, 30, -20)),
    "brighter": lambda image: encoded(ImageEnhance.Brightness(image).enhance(1.3)),
    "darker": lambda image: encoded(ImageEnhance.Brightness(image).enhance(0.5)),
    "flatter": lambda image: encoded(ImageEnhance.Contrast(image).enhance(0.5)),
}


def _likeness(first: bytes, second: bytes) -> float:
    return likeness(spectrum_of(read_grey(first)), turned_spectra(read_grey(second)))


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_alike(change: str) -> None:
    for seed in range(3):
        image = textured(seed)
        found = _likeness(encoded(image), CHANGES[change](image))
        assert LOOK_ALIKES < found <= 1


@pytest.mark.parametrize("turn", [45, 90, 180])
def test_a_copy_turned_further_is_not(turn: int) -> None:
    image = textured(1)
    assert _likeness(encoded(image), encoded(image.rotate(turn))) < NEIGHBOURS


@pytest.mark.parametrize("kind", [textured, picture])
def test_strangers_are_not_alike(kind: Callable[..., Image.Image]) -> None:
    files = [encoded(kind(seed)) for seed in range(12)]
    spectra = [spectrum_of(read_grey(data)) for data in files]
    turned = [turned_spectra(read_grey(data)) for data in files]
    found = np.array([[likeness(one, other) for other in turned] for one in spectra])
    assert (found.diagonal() > 0.99).all()
    assert found[~np.eye(12, dtype=bool)].max() < LOOK_ALIKES


@pytest.mark.parametrize("colours", [("red", "red"), ("black", "white"), ("#123", "")])
def test_plain_pictures_are_never_alike(colours: tuple[str, str]) -> None:
    first, second = (
        encoded(Image.new("RGB", (32, 50), colour) if colour else textured(1))
        for colour in colours
    )
    assert _likeness(first, second) == 0
    assert _likeness(second, first) == 0


def test_a_whole_photograph_becomes_a_square_of_grey() -> None:
    wide = Image.new("RGB", (300, 40), "white")
    wide.paste("black", (150, 0, 300, 40))
    grey = read_grey(encoded(wide, "PNG"))
    assert grey.shape == (SIDE, SIDE)
    assert (grey[:, : SIDE // 2 - 1] == 255).all()
    assert (grey[:, SIDE // 2 + 1 :] == 0).all()


@pytest.mark.parametrize("orientation", range(ORIENTATIONS))
def test_the_second_is_compared_in_its_orientation(orientation: int) -> None:
    greys = np.array([read_grey(encoded(textured(seed))) for seed in range(3)])
    turned = np.ascontiguousarray(oriented(greys[1], orientation))
    expected = likeness(spectrum_of(greys[0]), turned_spectra(turned))
    pairs = np.array([[0, 1, orientation], [2, 1, 0], [0, 2, 0]])
    found = likenesses((greys, pairs))
    assert found[0] == pytest.approx(expected, abs=0.0011)
    assert found[1] == likeness(spectrum_of(greys[2]), turned_spectra(greys[1]))
    assert found[2] == likeness(spectrum_of(greys[0]), turned_spectra(greys[2]))


@pytest.mark.parametrize("orientation", range(ORIENTATIONS))
def test_a_turned_copy_is_alike_in_its_orientation_only(orientation: int) -> None:
    grey = read_grey(encoded(textured(1)))
    # The second looks like the first once it is in the orientation.
    ways = range(ORIENTATIONS)
    seconds = [np.ascontiguousarray(oriented(grey, way)) for way in ways]
    greys = np.array([grey, *seconds])
    found = [likenesses((greys, np.array([[0, 1 + way, orientation]]))) for way in ways]
    assert sum(value > LOOK_ALIKES for (value,) in found) == 1


def test_workers_import_little() -> None:
    code = "import kigezi.photos.likeness, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    heavy = {"tensorflow", "keras", "kedro", "mlflow", "pandas", "matplotlib"}
    assert not heavy & set(done.stdout.decode().split())
