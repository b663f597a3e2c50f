import os
import subprocess
import sys
from pathlib import Path

import pytest

from kigezi.datasets.aside import publish, remove_leftovers, write_synced, written_aside


def test_published_whole(tmp_path: Path) -> None:
    with written_aside(tmp_path / "store", "one") as aside:
        write_synced(aside / "file", b"bytes")
        assert not (tmp_path / "store" / "one").exists()
        publish(aside, tmp_path / "store" / "one")
    assert (tmp_path / "store" / "one" / "file").read_bytes() == b"bytes"
    assert os.listdir(tmp_path / "store") == ["one"]


def test_nothing_is_left_of_a_failure(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="full"), written_aside(tmp_path, "one") as aside:
        write_synced(aside / "file", b"bytes")
        raise OSError("disk full")
    assert os.listdir(tmp_path) == []


def test_leftovers_of_the_dead_are_removed(tmp_path: Path) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        check=True,
    )
    for process in (int(dead.stdout), os.getppid()):
        (tmp_path / f".incomplete-one-{process}").mkdir()
    (tmp_path / ".incomplete-mine").mkdir()
    remove_leftovers(tmp_path)
    left = {".incomplete-mine", f".incomplete-one-{os.getppid()}"}
    assert set(os.listdir(tmp_path)) == left
