from pathlib import Path

import pandas as pd
import pytest

from kigezi.errors import DataError
from kigezi.folders import DRAWING, PhotographFolder
from kigezi.photos.surveying import Limits, survey
from tests.pictures import encoded, photograph_files, picture, write_tree

LIMITS = Limits(maximum_megapixels=1, minimum_side=16)


def _survey(root: Path, files: dict[str, bytes]) -> pd.DataFrame:
    folder = PhotographFolder(str(write_tree(root, files)))
    return survey(folder, LIMITS).set_index("path")


def test_every_file_has_a_row(tmp_path: Path) -> None:
    files = {
        **photograph_files({"a": 2, "b": 1}),
        "a/day/3.jpg": encoded(picture(9)),
        "b/notes.txt": b"text",
        "b/.DS_Store": b"",
        "__MACOSX/a/._1.jpg": b"",
        "Thumbs.db": b"",
        "read me.txt": b"text",
    }
    rows = _survey(tmp_path, files)
    assert rows.index.tolist() == sorted(files)
    assert rows["status"].value_counts().to_dict() == {
        "kept": 4,
        "quarantined": 1,
        "ignored": 4,
    }
    assert rows["label"].to_dict()["a/day/3.jpg"] == "a"


def test_columns_of_a_kept_photograph(tmp_path: Path) -> None:
    row = _survey(tmp_path, photograph_files({"a": 1, "b": 1})).loc["a/000.jpg"]
    assert len(row["photo_id"]) == 64
    assert row[["width", "height", "format", "mode"]].tolist() == [
        48,
        40,
        "JPEG",
        "RGB",
    ]
    assert row["reason"] == ""


def test_a_single_top_folder_is_stepped_into(tmp_path: Path) -> None:
    files = photograph_files({"data/top/a": 1, "data/top/b": 1})
    rows = _survey(tmp_path, {**files, "data/.DS_Store": b"", "._data": b""})
    assert rows.loc["data/top/b/000.jpg", "label"] == "b"
    assert rows.loc["._data", "status"] == "ignored"


def test_a_file_beside_the_classes_is_ignored(tmp_path: Path) -> None:
    files = {**photograph_files({"a": 1, "b": 1}), "c.jpg": encoded(picture(8))}
    row = _survey(tmp_path, files).loc["c.jpg"]
    assert row[["label", "status"]].tolist() == ["", "ignored"]
    assert "not in a class folder" in row["reason"]


def test_photographs_of_the_demo_are_left_out(tmp_path: Path) -> None:
    drawn = {"drawn/x/1.jpg": encoded(picture(8)), f"drawn/{DRAWING}": b"{}"}
    rows = _survey(tmp_path, {**photograph_files({"a": 1, "b": 1}), **drawn})
    assert rows.loc["drawn/x/1.jpg", "status"] == "ignored"
    assert set(rows["label"]) == {"a", "b", ""}


def test_names_are_compared_with_what_is_inside(tmp_path: Path) -> None:
    named = {"a/x.jpg": encoded(picture(8), "PNG")}
    rows = _survey(tmp_path, {**photograph_files({"a": 1, "b": 1}), **named})
    assert rows.loc["a/x.jpg", "reason"] == "it is PNG in spite of its name"


def test_an_empty_class_is_named(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    with pytest.raises(DataError, match="'c' is empty"):
        _survey(tmp_path, photograph_files({"a": 1, "b": 1}))


def test_names_are_checked(tmp_path: Path) -> None:
    files = photograph_files({"rust": 1, "ru\u0301st": 1, "r\u00fast": 1})
    with pytest.raises(DataError, match="differ only"):
        _survey(tmp_path, files)


def test_a_file_that_cannot_be_read_is_quarantined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: PhotographFolder, path: str) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(PhotographFolder, "read", fail)
    rows = _survey(tmp_path, photograph_files({"a": 1, "b": 1}))
    assert rows["status"].eq("quarantined").all()
    assert "Permission denied" in rows["reason"].iloc[0]


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    write_tree(tmp_path, photograph_files({"a": 1, "b": 1}))
    with (tmp_path / "a" / "film.mp4").open("wb") as file:
        file.truncate(9_000_000)
    row = _survey(tmp_path, {}).loc["a/film.mp4"]
    assert (row["status"], row["photo_id"]) == ("quarantined", "")
