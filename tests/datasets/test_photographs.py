import zipfile
from functools import partial
from pathlib import Path

import pytest
from kedro.io import DatasetError

from kigezi.datasets.photographs import PhotographsDataset
from kigezi.errors import DataError
from kigezi.photos.drawing import draw_photograph
from tests.pictures import encoded, photograph_files, picture, write_tree

FILES = photograph_files({"a": 2, "b": 1})


def _dataset(project: Path) -> PhotographsDataset:
    return PhotographsDataset(path=str(project), unpacked="unpacked")


def _zip(path: Path, files: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_a_relative_source_is_in_the_project(tmp_path: Path) -> None:
    write_tree(tmp_path / "data" / "raw", FILES)
    folder = _dataset(tmp_path).load().open("data/raw")
    assert folder.files() == sorted(FILES)


def test_an_absolute_source_and_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path / "mine", FILES)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    library = _dataset(tmp_path / "project").load()
    assert library.open("~/mine") == library.open(str(tmp_path / "mine"))


def test_an_archive_is_unpacked_once(tmp_path: Path) -> None:
    _zip(tmp_path / "photographs.zip", FILES)
    library = _dataset(tmp_path).load()
    folder = library.open("photographs.zip")
    assert folder.files() == sorted(FILES)
    Path(folder.root, "a", "new").touch()
    assert library.open("photographs.zip").files() != sorted(FILES)


def test_a_folder_with_nothing_but_an_archive(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _zip(tmp_path / "raw" / "photographs.zip", FILES)
    write_tree(tmp_path / "raw", {".gitkeep": b"", "read me.txt": b""})
    caplog.set_level("INFO")
    assert _dataset(tmp_path).load().open("raw").files() == sorted(FILES)
    assert "nothing but photographs.zip" in caplog.text


def test_an_archive_beside_class_folders_is_not_used(tmp_path: Path) -> None:
    _zip(tmp_path / "raw" / "old.zip", {"x/1.jpg": b""})
    write_tree(tmp_path / "raw", FILES)
    files = _dataset(tmp_path).load().open("raw").files()
    assert files == [*sorted(FILES), "old.zip"]


@pytest.mark.parametrize("made", ["nothing", "folder", "hidden"])
def test_no_photographs_says_where_to_put_them(tmp_path: Path, made: str) -> None:
    if made != "nothing":
        (tmp_path / "raw").mkdir()
    if made == "hidden":
        write_tree(tmp_path / "raw", {".gitkeep": b"", "a/.DS_Store": b""})
    with pytest.raises(DataError) as caught:
        _dataset(tmp_path).load().open("raw")
    for part in (str(tmp_path / "raw"), "ingest.source", "kedro run --env=demo"):
        assert part in caught.value.message


def test_a_file_that_is_no_archive_is_named(tmp_path: Path) -> None:
    write_tree(tmp_path, {"one.jpg": b""})
    with pytest.raises(DataError, match=r"is the file .*one\.jpg"):
        _dataset(tmp_path).load().open("one.jpg")


def test_drawn_photographs_are_drawn_and_opened(tmp_path: Path) -> None:
    library = _dataset(tmp_path).load()
    names = [("a", 0), ("a", 1), ("b", 0)]
    library.draw("drawn", names, lambda label, index: picture(index), {"seed": 1})
    files = ["a/a_00000.jpg", "a/a_00001.jpg", "b/b_00000.jpg"]
    assert library.open("drawn").files() == [".drawing.json", *files]


def test_drawn_photographs_are_not_taken_for_the_users(tmp_path: Path) -> None:
    library = _dataset(tmp_path).load()
    draw = partial(picture, size=(40, 40))
    library.draw("raw/drawn", [("a", 0)], lambda label, index: draw(index), {})
    with pytest.raises(DataError, match="no photographs"):
        library.open("raw")
    assert library.open("raw/drawn").files()


def test_photographs_are_never_written(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="never written"):
        _dataset(tmp_path).save(encoded(picture()))


def test_it_exists_and_describes_itself(tmp_path: Path) -> None:
    dataset = _dataset(tmp_path)
    assert dataset.exists()
    assert "unpacked" in str(dataset)


def test_nothing_is_drawn_outside_the_project(tmp_path: Path) -> None:
    library = _dataset(tmp_path / "project").load()
    place = tmp_path / "phtos"
    with pytest.raises(DataError, match="outside the project"):
        library.draw(str(place), [("healthy", 0)], draw_photograph, {})
    assert not place.exists()
