import numpy as np
import pytest
from PIL import Image, ImageOps

from kigezi.photos import hashing
from kigezi.photos.hashing import (
    ORIENTATIONS,
    close_hashes,
    hash_photograph,
    opposite,
    oriented,
    read_hashes,
)
from tests.pictures import textured


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    bands = [oriented(np.asarray(band), orientation) for band in image.split()]
    return Image.fromarray(np.stack(bands, axis=-1))


@pytest.mark.parametrize(("side", "bits"), [(32, 0), (200, 3), (47, 3)])
@pytest.mark.parametrize("orientation", range(ORIENTATIONS))
def test_a_hash_of_an_orientation_is_that_of_the_turned_image(
    orientation: int, side: int, bits: int
) -> None:
    # Making an image smaller rounds rows and columns one after the other.
    image = textured(1, (side, side))
    all_hashes = read_hashes([hash_photograph(image)])[0]
    turned = read_hashes([hash_photograph(_turned(image, orientation))])[0]
    assert int(turned[0] ^ all_hashes[orientation]).bit_count() <= bits


def test_the_orientations_are_those_of_a_square() -> None:
    square = np.arange(9).reshape(3, 3)
    made = {oriented(square, number).tobytes() for number in range(ORIENTATIONS)}
    assert len(made) == ORIENTATIONS
    assert (oriented(square, 0) == square).all()
    assert (oriented(square, 1) == square[::-1]).all()


@pytest.mark.parametrize("orientation", range(ORIENTATIONS))
def test_the_opposite_orientation_turns_back(orientation: int) -> None:
    square = np.arange(9).reshape(3, 3)
    turned = oriented(square, orientation)
    assert (oriented(turned, opposite(orientation)) == square).all()


def _slow_dctn(pixels: np.ndarray) -> np.ndarray:
    """The same by its formula, which is rounded otherwise."""
    places = np.arange(len(pixels))
    waves = 2 * np.cos(np.pi * np.outer(places, 2 * places + 1) / (2 * len(pixels)))
    return waves @ pixels @ waves.T


def test_rounding_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    half = textured(1, (16, 32))
    symmetric = Image.new("RGB", (32, 32), "#4a7b12")
    symmetric.paste(half, (0, 0))
    symmetric.paste(ImageOps.mirror(half), (16, 0))
    pictures = [symmetric, Image.new("RGB", (40, 30), "#4a7b12"), textured(2)]
    hashes = [hash_photograph(image) for image in pictures]
    monkeypatch.setattr(hashing, "dctn", _slow_dctn)
    assert [hash_photograph(image) for image in pictures] == hashes


@pytest.mark.parametrize("colour", ["black", "white", "#4a7b12"])
def test_a_plain_picture_has_the_hash_of_any_other(colour: str) -> None:
    plain = hash_photograph(Image.new("RGB", (40, 30), colour))
    lowest = "0" if colour == "black" else "8"
    assert plain == (lowest + "0" * 15) * ORIENTATIONS


def test_hashes_are_read_as_they_were_written() -> None:
    texts = [hash_photograph(textured(seed)) for seed in range(3)]
    hashes = read_hashes(texts)
    assert hashes.shape == (3, ORIENTATIONS)
    assert [f"{number:016x}" for number in hashes[1]] == [
        texts[1][start : start + 16] for start in range(0, 128, 16)
    ]
    assert read_hashes([]).shape == (0, ORIENTATIONS)


def _close_by_hand(hashes: np.ndarray, most: int) -> set[tuple[int, int, int]]:
    found = set()
    for second in range(len(hashes)):
        for first in range(second):
            bits = [int(hashes[first, 0] ^ one).bit_count() for one in hashes[second]]
            if min(bits) <= most:
                found.add((first, second, bits.index(min(bits))))
    return found


@pytest.mark.parametrize("count", [0, 1, 2, 15, 16, 17, 33, 130])
@pytest.mark.parametrize(
    ("part", "tile"), [(2048, (64, 4096)), (16, (8, 8)), (7, (3, 5))]
)
def test_close_hashes_are_found_once_and_in_any_part(
    monkeypatch: pytest.MonkeyPatch, count: int, part: int, tile: tuple[int, int]
) -> None:
    monkeypatch.setattr(hashing, "_PART", part)
    monkeypatch.setattr(hashing, "_TILE", tile)
    generator = np.random.default_rng(count)
    hashes = generator.integers(0, 2**64, (count, ORIENTATIONS), np.uint64)
    parts = [np.column_stack(part) for part in close_hashes(hashes, 22)]
    found = [tuple(row) for part in parts for row in part.tolist()]
    assert len(found) == len(set(found))
    assert set(found) == _close_by_hand(hashes, 22)
    assert found or count < 130
