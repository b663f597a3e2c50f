import os
import subprocess
import sys
from pathlib import Path

import pytest

from kigezi.datasets import aside as aside_module
from kigezi.datasets.aside import (
    _HOST,
    folder_aside,
    publish,
    remove_leftovers,
    sha256_of,
    write_bytes,
    write_synced,
    written_aside,
)


def test_published_whole(tmp_path: Path) -> None:
    with folder_aside(tmp_path / "store", "one") as aside:
        write_synced(aside / "file", b"bytes")
        assert not (tmp_path / "store" / "one").exists()
        publish(aside, tmp_path / "store" / "one")
    assert (tmp_path / "store" / "one" / "file").read_bytes() == b"bytes"
    assert os.listdir(tmp_path / "store") == ["one"]


def test_nothing_is_left_of_a_failure(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="full"), folder_aside(tmp_path, "one") as aside:
        write_synced(aside / "file", b"bytes")
        raise OSError("disk full")
    assert os.listdir(tmp_path) == []


def test_leftovers_of_the_dead_are_removed(tmp_path: Path) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        check=True,
    )
    living = f".incomplete-{_HOST}-{os.getppid()}-one"
    elsewhere = f".incomplete-elsewhere-{int(dead.stdout)}-one"
    old = ".incomplete-elsewhere-7-2-3-one"
    for name in (living, f".incomplete-{_HOST}-{int(dead.stdout)}-one", elsewhere, old):
        (tmp_path / name).mkdir()
    (tmp_path / f".incomplete-{_HOST}-{int(dead.stdout)}-a.file").write_text("half")
    (tmp_path / ".incomplete-mine").mkdir()
    os.utime(tmp_path / old, (0, 0))
    remove_leftovers(tmp_path)
    assert set(os.listdir(tmp_path)) == {".incomplete-mine", living, elsewhere}


def test_bytes_are_written_into_new_folders(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "file.bin"
    write_bytes(target, b"new")
    assert target.read_bytes() == b"new"
    assert [path.name for path in target.parent.iterdir()] == ["file.bin"]


def test_nothing_is_seen_before_the_end(tmp_path: Path) -> None:
    target = tmp_path / "file.npz"
    target.write_bytes(b"old")
    with written_aside(target) as aside:
        aside.write_bytes(b"new")
        assert target.read_bytes() == b"old"
        assert aside.suffix == ".npz"
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("old", [b"old", None])
def test_a_failure_leaves_the_old_file_or_none(
    tmp_path: Path, error: type[BaseException], old: bytes | None
) -> None:
    target = tmp_path / "file"
    if old:
        target.write_bytes(old)
    with pytest.raises(error), written_aside(target) as aside:
        aside.write_bytes(b"half")
        raise error
    assert [path.read_bytes() for path in tmp_path.iterdir()] == ([old] if old else [])


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_power_cut_after_the_rename_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(aside_module, "_remove", lambda path: None)
    with written_aside(tmp_path / "target") as aside:
        aside.write_bytes(b"new") if kind == "file" else aside.mkdir()
    assert os.listdir(tmp_path) == ["target"]


def test_a_failure_leaves_no_half_folder(tmp_path: Path) -> None:
    with pytest.raises(OSError), written_aside(tmp_path / "folder") as aside:
        aside.mkdir()
        (aside / "file").write_bytes(b"half")
        raise OSError
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_wrote_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), written_aside(tmp_path / "file"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_sha256(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert sha256_of(tmp_path / "file").startswith("e3b0c44298fc1c149afbf4c8996fb924")
