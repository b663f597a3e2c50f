"""The photographs that the project draws itself."""

import hashlib
import os
import subprocess
import sys
from collections import Counter

import pytest

from kigezi.photos.drawing import CLASSES, draw_photograph, drawn_names

SIZE = 48


def _digest(label: str, index: int, seed: int) -> str:
    """Return a fingerprint of one drawn photograph's pixels."""
    pixels = draw_photograph(label, index, seed, SIZE).tobytes()
    return hashlib.sha256(pixels).hexdigest()


@pytest.mark.parametrize("label", CLASSES)
def test_same_arguments_give_the_same_photograph(label: str) -> None:
    assert _digest(label, 3, 7) == _digest(label, 3, 7)


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_another_process_draws_the_same_photograph(hash_seed: str) -> None:
    script = (
        "import hashlib; from kigezi.photos.drawing import draw_photograph as draw;"
        f"pixels = draw('blotched', 3, 7, {SIZE}).tobytes();"
        "print(hashlib.sha256(pixels).hexdigest())"
    )
    search_path = os.pathsep.join(filter(None, sys.path))
    answer = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": search_path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == _digest("blotched", 3, 7)


@pytest.mark.parametrize(
    ("label", "index", "seed"),
    [("spotted", 3, 7), ("healthy", 4, 7), ("healthy", 3, 8)],
)
def test_any_other_argument_gives_another_photograph(
    label: str, index: int, seed: int
) -> None:
    assert _digest(label, index, seed) != _digest("healthy", 3, 7)


@pytest.mark.parametrize("size", [1, 31, 160])
def test_size_is_the_shorter_side(size: int) -> None:
    for index in range(8):
        photograph = draw_photograph("spotted", index, 0, size)
        assert photograph.mode == "RGB"
        assert min(photograph.size) == size


def test_photographs_stand_and_lie() -> None:
    sizes = [draw_photograph("healthy", index, 0, SIZE).size for index in range(20)]
    assert any(width > height for width, height in sizes)
    assert any(width < height for width, height in sizes)


def test_spots_are_dark() -> None:
    """Spots make the darkest twentieth of a photograph darker, on average."""

    def darkest(label: str) -> float:
        levels = []
        for index in range(20):
            grey = draw_photograph(label, index, 0, SIZE).convert("L")
            ordered = sorted(grey.tobytes())
            levels.append(ordered[len(ordered) // 20] / ordered[len(ordered) // 2])
        return sum(levels) / len(levels)

    assert darkest("spotted") < darkest("healthy") - 0.05


def test_names_are_distinct_and_balanced() -> None:
    names = drawn_names(2415, CLASSES)
    assert len(set(names)) == len(names) == 2415
    assert Counter(label for label, _ in names) == dict.fromkeys(CLASSES, 805)


@pytest.mark.parametrize("photographs", [0, 1, 2, 100])
def test_names_are_balanced_within_one(photographs: int) -> None:
    names = drawn_names(photographs, CLASSES)
    counts = Counter(label for label, _ in names)
    assert len(set(names)) == photographs
    assert max(counts[label] for label in CLASSES) <= photographs // 3 + 1
    assert min(counts[label] for label in CLASSES) >= photographs // 3


def test_unknown_label_names_the_allowed_ones() -> None:
    with pytest.raises(ValueError, match=r"wilted.*blotched, healthy, spotted"):
        draw_photograph("wilted", 0, 0, SIZE)
