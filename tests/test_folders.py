import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kigezi.errors import DataError
from kigezi.folders import Entry, PhotographFolder, drawn_folders, is_system
from tests.pictures import photograph_files, write_tree


def test_everything_is_listed_in_order(tmp_path: Path) -> None:
    write_tree(tmp_path, {"b/c/2": b"", "b/1": b"", "a": b"", "b/.hidden": b""})
    (tmp_path / "empty").mkdir()
    folder = PhotographFolder(str(tmp_path))
    assert folder.files() == ["a", "b/.hidden", "b/1", "b/c/2"]
    assert Entry("empty", "empty folder") in folder.entries()


def test_the_order_of_the_disk_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = PhotographFolder(str(write_tree(tmp_path, photograph_files({"a": 5}))))
    expected, scandir = folder.entries(), os.scandir

    @contextmanager
    def backwards(path: str) -> Iterator[list[os.DirEntry[str]]]:
        with scandir(path) as entries:
            yield sorted(entries, key=lambda entry: entry.name, reverse=True)

    monkeypatch.setattr(os, "scandir", backwards)
    assert folder.entries() == expected


def test_an_opened_folder_can_be_sent_to_workers(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a/1": b"bytes"})
    folder = pickle.loads(pickle.dumps(PhotographFolder(str(tmp_path))))
    assert folder.read("a/1") == b"bytes"
    assert folder.size("a/1") == 5


def test_names_that_are_not_utf8_are_found_again(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jpg")).write_bytes(b"bytes")
    except OSError:
        pytest.skip("this disk takes UTF-8 names only")
    folder = PhotographFolder(str(tmp_path))
    assert folder.files() == [r"\xff.jpg"]
    assert folder.read(r"\xff.jpg") == b"bytes"


def test_links_are_not_followed(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a/1": b"bytes"})
    (tmp_path / "a" / "link").symlink_to(tmp_path / "a" / "1")
    folder = PhotographFolder(str(tmp_path))
    assert Entry("a/link", "link") in folder.entries()
    with pytest.raises(OSError, match="not a regular file"):
        folder.read("a/link")


def test_a_folder_that_cannot_be_listed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path, {"a/1": b""})
    scandir = os.scandir

    def fail(path: str) -> Iterator[os.DirEntry[str]]:
        if path.endswith("a"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", fail)
    with pytest.raises(DataError, match=r"/a cannot be listed \(Permission denied\)"):
        PhotographFolder(str(tmp_path)).files()


SYSTEM = [
    ".DS_Store",
    "a/Thumbs.db",
    "desktop.ini",
    "a/._1.jpg",
    "__MACOSX/a/1.jpg",
    "$RECYCLE.BIN/1.jpg",
]


@pytest.mark.parametrize("path", [*SYSTEM, ".git/x", "a/.ipynb_checkpoints/1.jpg"])
def test_system_files(path: str) -> None:
    assert is_system(path)


def test_other_files_are_the_users() -> None:
    assert not any(map(is_system, ["a/1.jpg", "a.b/c.d", "thumbs.jpg"]))


def test_drawn_folders_below_the_opened_one() -> None:
    assert drawn_folders(["drawn/.drawing.json", "drawn/a/1"]) == ("drawn/",)
    assert drawn_folders([".drawing.json", "a/1"]) == ()
