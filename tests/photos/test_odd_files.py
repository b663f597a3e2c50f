"""Files and names that a careless program would follow, block on or stumble over."""

import hashlib
import os
import socket
from pathlib import Path

import pandas as pd
import pytest

from kigezi.errors import DataError
from kigezi.folders import PhotographFolder
from kigezi.photos.surveying import Limits, survey
from tests.pictures import encoded, photograph_files, picture, write_tree

LIMITS = Limits(maximum_megapixels=1, minimum_side=16)


def _survey(root: Path, files: dict[str, bytes]) -> pd.DataFrame:
    folder = PhotographFolder(str(write_tree(root, files)))
    return survey(folder, LIMITS).set_index("path")


def test_links_are_quarantined_and_not_followed(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "root", photograph_files({"a": 1, "b": 1}))
    (root / "a" / "loop").symlink_to(root)
    (root / "a" / "itself").symlink_to("itself")
    (root / "a" / "link.jpg").symlink_to(root / "b" / "000.jpg")
    (root / "a" / "outside.jpg").symlink_to("/etc/passwd")
    (root / "c").symlink_to(root / "nowhere")
    rows = _survey(root, {})
    links = rows[rows["reason"].str.startswith("it is a link, which is not followed: ")]
    names = ["a/itself", "a/link.jpg", "a/loop", "a/outside.jpg", "c"]
    assert links.index.tolist() == names
    assert set(links["status"]) == {"quarantined"}
    assert set(links["photo_id"]) == {""}
    assert len(rows) == 7


def test_a_linked_class_does_not_vanish(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "root", photograph_files({"a": 1, "b": 1}))
    write_tree(tmp_path / "elsewhere", {"1.jpg": encoded(picture(8))})
    (root / ".hidden").symlink_to(tmp_path / "elsewhere")
    assert len(_survey(root, {})) == 3
    (root / "c").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match=r"the class folder 'c' is a link.*: put"):
        _survey(root, {})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs POSIX")
def test_pipes_and_sockets_are_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path, photograph_files({"a": 1, "b": 1}))
    os.mkfifo(tmp_path / "b" / "pipe.jpg")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("b/socket.jpg")
        rows = _survey(tmp_path, {})
    assert rows.loc[["b/pipe.jpg", "b/socket.jpg"], "status"].tolist() == [
        "ignored",
        "ignored",
    ]
    assert len(rows) == 4


def test_a_folder_may_be_called_like_a_photograph(tmp_path: Path) -> None:
    files = photograph_files({"a.jpg": 1, "b": 1, "b/c.jpg": 1})
    rows = _survey(tmp_path, files)
    assert rows["status"].tolist() == ["kept"] * 3
    assert rows["label"].tolist() == ["a.jpg", "b", "b"]


ODD_NAMES = [
    "caf\u00e9.jpg",
    "cafe\u0301.jpg",
    "leaf \U0001f343.jpg",
    "two\nlines.jpg",
    "-rf.jpg",
    " .jpg",
    "~.jpg",
    "=cmd().jpg",
    "a%2Fb.jpg",
    "no ending",
    "x" * 251 + ".jpg",
]


@pytest.mark.skipif(os.name == "nt", reason="needs names that Windows does not take")
def test_odd_names_are_kept(tmp_path: Path) -> None:
    odd = {
        f"a/{name}": encoded(picture(number))
        for number, name in enumerate(ODD_NAMES, start=5)
    }
    rows = _survey(tmp_path, {**odd, **photograph_files({"b": 1})})
    assert rows.index.tolist() == sorted([*odd, "b/000.jpg"])
    assert rows["status"].eq("kept").all()
    rows.reset_index().to_parquet(tmp_path / "ledger.parquet")
    again = pd.read_parquet(tmp_path / "ledger.parquet")["path"]
    assert again.tolist() == rows.index.tolist()


def test_a_file_that_changes_is_hashed_and_judged_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, second = PhotographFolder.read, encoded(picture(8, (64, 64)))

    def read_and_change(self: PhotographFolder, path: str) -> bytes:
        data = read(self, path)
        Path(self.root, path).write_bytes(second)
        return data

    monkeypatch.setattr(PhotographFolder, "read", read_and_change)
    files = photograph_files({"a": 1, "b": 1})
    row = _survey(tmp_path, files).loc["a/000.jpg"]
    assert row["photo_id"] == hashlib.sha256(files["a/000.jpg"]).hexdigest()
    assert (row["width"], row["height"]) == (48, 40)


def test_a_file_that_goes_away_is_quarantined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = PhotographFolder.size

    def size_and_remove(self: PhotographFolder, path: str) -> int:
        found = size(self, path)
        Path(self.root, path).unlink()
        return found

    monkeypatch.setattr(PhotographFolder, "size", size_and_remove)
    rows = _survey(tmp_path, photograph_files({"a": 1, "b": 1}))
    assert rows["status"].eq("quarantined").all()
    assert "No such file" in rows["reason"].iloc[0]


def test_a_name_that_is_not_utf8_survives(tmp_path: Path) -> None:
    write_tree(tmp_path, photograph_files({"a": 1, "b": 1}))
    name = os.fsencode(tmp_path / "a") + b"/\xff\xfe.jpg"
    try:
        Path(os.fsdecode(name)).write_bytes(encoded(picture(8)))
    except OSError:
        pytest.skip("this disk takes UTF-8 names only")
    rows = _survey(tmp_path, {}).reset_index()
    assert rows.loc[rows["path"] == r"a/\xff\xfe.jpg", "status"].tolist() == ["kept"]
    rows.to_parquet(tmp_path / "ledger.parquet")
