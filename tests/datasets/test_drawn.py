from pathlib import Path

import pytest
from PIL import Image

from kigezi.datasets.drawn import draw_folder
from kigezi.errors import DataError
from tests.pictures import picture, write_tree

NAMES = [("a", 0), ("b", 0)]


def _draw(label: str, index: int) -> Image.Image:
    return picture(index + ord(label))


def _refuse(label: str, index: int) -> Image.Image:
    raise AssertionError("it is drawn already")


def test_drawn_once(tmp_path: Path) -> None:
    draw_folder(tmp_path / "drawn", NAMES, _draw, {"seed": 1})
    draw_folder(tmp_path / "drawn", NAMES, _refuse, {"seed": 1})


def test_other_parameters_are_drawn_anew(tmp_path: Path) -> None:
    folder = tmp_path / "drawn"
    draw_folder(folder, [*NAMES, ("c", 0)], _draw, {"seed": 1})
    before = (folder / "a" / "a_00000.jpg").read_bytes()
    draw_folder(folder, NAMES, lambda *name: picture(99), {"seed": 2})
    assert (folder / "a" / "a_00000.jpg").read_bytes() != before
    assert not (folder / "c").exists()


def test_a_lost_photograph_is_drawn_again(tmp_path: Path) -> None:
    folder = tmp_path / "drawn"
    draw_folder(folder, NAMES, _draw, {"seed": 1})
    (folder / "b" / "b_00000.jpg").unlink()
    draw_folder(folder, NAMES, _draw, {"seed": 1})
    assert (folder / "b" / "b_00000.jpg").exists()


@pytest.mark.parametrize("drawn_before", [True, False])
def test_photographs_of_the_user_are_never_deleted(
    tmp_path: Path, drawn_before: bool
) -> None:
    folder = tmp_path / "drawn"
    if drawn_before:
        draw_folder(folder, NAMES, _draw, {"seed": 1})
    write_tree(folder, {"a/mine.jpg": b"mine"})
    with pytest.raises(
        DataError, match=r"a/mine\.jpg, which this project did not draw"
    ):
        draw_folder(folder, NAMES, _draw, {"seed": 2})
    assert (folder / "a" / "mine.jpg").read_bytes() == b"mine"


def test_nothing_is_left_of_a_failure(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        draw_folder(tmp_path / "drawn", NAMES, _refuse, {"seed": 1})
    assert list(tmp_path.iterdir()) == []
