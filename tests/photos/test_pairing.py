import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import ExifTags, Image, ImageChops, ImageEnhance, ImageOps

from kigezi.datasets.workers import map_in_processes
from kigezi.errors import DataError
from kigezi.folders import PhotographFolder
from kigezi.photos import pairing
from kigezi.photos.grouping import confirm
from kigezi.photos.judging import judge
from kigezi.photos.likeness import Greys, read_grey
from kigezi.photos.pairing import COLUMNS, compare_pairs, fill_greys, name_pairs
from kigezi.photos.proposing import propose_pairs
from tests.pictures import encoded, group_parameters, picture, textured, write_tree

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


def _photographs(files: dict[str, bytes]) -> pd.DataFrame:
    """Rows of files of the class that their path begins with."""
    photographs = pd.DataFrame({"path": list(files)}, dtype=str)
    photographs["label"] = [path[0] for path in files]
    ids = [hashlib.sha256(data).hexdigest() for data in files.values()]
    return photographs.assign(photo_id=ids)


def _propose(files: dict[str, bytes], gap: int = 0) -> pd.DataFrame:
    hashes = [judge(data, 1, 16).hashes for data in files.values()]
    return propose_pairs(list(files), hashes, 10, gap)


def _greys(files: dict[str, bytes]) -> Greys:
    return np.array([read_grey(data) for data in files.values()]).reshape(-1, 64, 64)


def _found(files: dict[str, bytes], gap: int = 0) -> pd.DataFrame:
    """What becomes of files."""
    parts = compare_pairs(_propose(files, gap), _greys(files))
    compared = pd.concat(parts, ignore_index=True)
    confirmed = confirm(compared, group_parameters())
    return name_pairs(_photographs(files), confirmed)


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
    assert found.columns.tolist() == [*COLUMNS, "one_subject"]
    assert some.columns.tolist() == found.columns.tolist()
    assert found["likeness"].dtype == some["likeness"].dtype
    assert found["one_subject"].dtype == bool


FEW = {f"a/leaf {seed:02d}.jpg": encoded(textured(seed % 9)) for seed in range(12)}


@pytest.mark.parametrize("together", [1, 3, 512])
@pytest.mark.parametrize("part", [1, 7, 1000])
@pytest.mark.parametrize("done", [0, 1, 20])
def test_parts_decide_nothing(
    monkeypatch: pytest.MonkeyPatch, together: int, part: int, done: int
) -> None:
    pairs, greys = _propose(FEW, gap=3), _greys(FEW)
    whole = pd.concat(compare_pairs(pairs, greys))
    assert len(whole) > 25
    monkeypatch.setattr(pairing, "_TOGETHER", together)
    monkeypatch.setattr(pairing, "_PART", part)
    parts = list(compare_pairs(pairs[done:], greys))
    assert {len(one) for one in parts[:-1]} <= {part}
    pd.testing.assert_frame_equal(pd.concat(parts), whole[done:])


def test_workers_decide_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs, greys = _propose(FEW, gap=3), _greys(FEW)
    alone = pd.concat(compare_pairs(pairs, greys))
    monkeypatch.setattr(pairing, "_TOGETHER", 5)

    def run(function: Callable, items: Iterator) -> Iterator:
        return map_in_processes(function, items, workers=3, batch=1)

    together = pd.concat(compare_pairs(pairs, greys, run))
    pd.testing.assert_frame_equal(together, alone)


def test_all_pairs_done_leave_one_empty_part() -> None:
    pairs, greys = _propose(FEW, gap=3), _greys(FEW)
    (part,) = compare_pairs(pairs[len(pairs) :], greys)
    assert part.empty
    assert part.dtypes.tolist() == next(compare_pairs(pairs, greys)).dtypes.tolist()


def test_only_photographs_that_are_needed_are_read(tmp_path: Path) -> None:
    write_tree(tmp_path, {path: data for path, data in FEW.items() if "11" not in path})
    greys = np.zeros((len(FEW), 64, 64), np.uint8)
    positions = np.array([0, 3, 4])
    folder = PhotographFolder(str(tmp_path))
    fill_greys(greys, _photographs(FEW), positions, folder)
    assert (greys[positions] == _greys(FEW)[positions]).all()
    assert not np.delete(greys, positions, axis=0).any()
    with pytest.raises(DataError, match=r"a/leaf 11\.jpg in .* cannot be read"):
        fill_greys(greys, _photographs(FEW), np.array([2, 11]), folder)
