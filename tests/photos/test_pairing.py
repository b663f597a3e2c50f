from collections.abc import Callable

import pandas as pd
import pytest
from PIL import ExifTags, Image, ImageChops, ImageEnhance, ImageOps

from kigezi.errors import DataError
from kigezi.photos.grouping import confirm
from kigezi.photos.hashing import hash_photograph
from kigezi.photos.judging import judge
from kigezi.photos.pairing import COLUMNS, compare_pairs, propose_pairs
from tests.pictures import encoded, group_parameters, picture, textured

EXIF_TURN = Image.Exif()
EXIF_TURN[ExifTags.Base.Orientation] = 6

COPIES: dict[str, Callable[[Image.Image], bytes]] = {
    "quality 60": lambda image: encoded(image, quality=60),
    "smaller": lambda image: encoded(image.resize((90, 90))),
    "a PNG": lambda image: encoded(image, "PNG"),
    "32 px": lambda image: encoded(image.resize((32, 32))),
    "brighter": lambda image: encoded(ImageEnhance.Brightness(image).enhance(1.2)),
    "mirrored": lambda image: encoded(ImageOps.mirror(image)),
    "90 degrees": lambda image: encoded(image.rotate(90)),
    "180 degrees": lambda image: encoded(image.rotate(180)),
    "turned by EXIF": lambda image: encoded(image.rotate(90), exif=EXIF_TURN),
    "turned in EXIF alone": lambda image: encoded(image, exif=EXIF_TURN),
}
"""what hashes find wherever it stands"""
MOVED: dict[str, Callable[[Image.Image], bytes]] = {
    "10 degrees": lambda image: encoded(image.rotate(10, Image.Resampling.BICUBIC)),
    "20 degrees": lambda image: encoded(image.rotate(-20, Image.Resampling.BICUBIC)),
    "shifted": lambda image: encoded(ImageChops.offset(image, 25, -15)),
    "darker": lambda image: encoded(ImageEnhance.Brightness(image).enhance(0.4)),
}
"""what is found where file names follow each other"""


def _found(files: dict[str, bytes], gap: int = 0) -> pd.DataFrame:
    """What becomes of files of the class that their path begins with."""
    photographs = pd.DataFrame({"path": list(files)}, dtype=str)
    photographs["label"] = [path[0] for path in files]
    photographs["photo_id"] = photographs["path"]
    hashes = [judge(data, 1, 16).hashes for data in files.values()]
    pairs = propose_pairs(list(files), hashes, 10, gap)
    compared = compare_pairs(photographs, pairs, files.__getitem__)
    assert compared.columns.tolist() == COLUMNS
    return confirm(compared, group_parameters())


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_is_found_anywhere(copy: str) -> None:
    files = {f"a/{seed}": encoded(textured(seed)) for seed in range(6)}
    files["b/copy"] = COPIES[copy](textured(2))
    found = _found(files)
    alike = found[found["one_subject"]]
    assert alike[["path_1", "path_2"]].to_numpy().tolist() == [["a/2", "b/copy"]]
    assert alike[["label_1", "label_2"]].to_numpy().tolist() == [["a", "b"]]


@pytest.mark.parametrize("move", [*MOVED, *COPIES][:9])
def test_a_second_look_is_found_beside_the_first(move: str) -> None:
    files = {f"a/leaf {seed}.jpg": encoded(textured(seed)) for seed in (1, 2, 3, 5, 6)}
    files["a/leaf 4.jpg"] = {**MOVED, **COPIES}[move](textured(3))
    found = _found(files, gap=2)
    alike = found.loc[found["one_subject"], ["path_1", "path_2"]]
    assert alike.to_numpy().tolist() == [["a/leaf 3.jpg", "a/leaf 4.jpg"]]


@pytest.mark.parametrize("kind", [textured, picture])
def test_strangers_are_no_subject(kind: Callable[..., Image.Image]) -> None:
    files = {f"a/{seed:02d}.jpg": encoded(kind(seed)) for seed in range(30)}
    found = _found(files, gap=6)
    assert len(found) > 100
    assert not found["one_subject"].any()


def test_plain_pictures_are_compared_and_are_no_subject() -> None:
    colours = ("red", "black", "white", "black")
    files = {
        f"a/{number}": encoded(Image.new("RGB", (32 + number, 32), colour))
        for number, colour in enumerate(colours)
    }
    found = _found(files)
    assert len(found) >= 3
    assert not found["one_subject"].any()


@pytest.mark.parametrize("count", [0, 1, 3])
def test_no_pairs_have_the_columns_of_pairs(count: int) -> None:
    files = {f"a/{seed}": encoded(textured(seed)) for seed in range(count)}
    found = _found(files)
    some = _found({f"a/{seed}": encoded(textured(1)) for seed in range(2)})
    assert len(found) == 0
    assert found.columns.tolist() == some.columns.tolist()
    assert found["likeness"].dtype == some["likeness"].dtype
    assert found["one_subject"].dtype == bool


NAMES = ["a/x1.jpg", "a/x3.jpg", "a/x4.jpg", "a/y2.jpg", "b/x2.jpg", "a/x 10.jpg"]


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        (0, []),
        (1, [(1, 2)]),
        (2, [(0, 1), (1, 2)]),
        (3, [(0, 1), (0, 2), (1, 2)]),
        (6, [(0, 1), (0, 2), (1, 2), (2, 5)]),
    ],
)
def test_neighbours_have_close_numbers_in_one_series(
    gap: int, expected: list[tuple[int, int]]
) -> None:
    hashes = [hash_photograph(textured(seed)) for seed in range(len(NAMES))]
    pairs = propose_pairs(NAMES, hashes, 0, gap)
    found = zip(pairs["first"], pairs["second"], strict=True)
    assert sorted(found) == expected
    assert pairs["neighbours"].all()


def test_numbers_that_mean_something_else_propose_few_pairs() -> None:
    paths = [f"a/{number:04d}/IMG 1.jpg" for number in range(50)]
    same = [f"a/{number}, IMG 1.jpg" for number in range(50)]
    hashes = [hash_photograph(textured(seed)) for seed in range(50)]
    assert propose_pairs(paths, hashes, 0, 6).empty
    assert 0 < len(propose_pairs(same, hashes, 0, 2)) <= 50 * 4


def test_a_pair_that_both_propose_is_a_pair_of_neighbours() -> None:
    hashes = [hash_photograph(textured(1))] * 2
    pairs = propose_pairs(["a/1.jpg", "a/2.jpg"], hashes, 10, 1)
    assert pairs["neighbours"].tolist() == [True]


def test_hashes_that_tell_nothing_apart_are_said() -> None:
    hashes = [hash_photograph(Image.new("RGB", (32, 32)))] * 300
    paths = [f"a/{number}" for number in range(300)]
    with pytest.raises(DataError, match=r"^more than 100 times as many pairs .* lower"):
        propose_pairs(paths, hashes, 10, 0)
