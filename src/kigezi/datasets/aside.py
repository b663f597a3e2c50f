"""Write a folder so that it appears whole or not at all."""

import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LEFTOVER = re.compile(r"\.incomplete-.*-(\d+)")
_DAY = 24 * 60 * 60


@contextmanager
def written_aside(parent: Path, name: str) -> Iterator[Path]:
    """A new folder beside the final one, removed unless the block renames it.

    Args:
        parent: The folder on the same disk that will hold the final folder.
        name: Name of what is written, for people who find it after a crash.
    """
    parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(parent)
    aside = parent / f".incomplete-{name}-{os.getpid()}"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def publish(aside: Path, final: Path) -> None:
    """Rename what was written aside, after all of it has reached the disk."""
    if hasattr(os, "sync"):  # one call for thousands of files; Windows has none
        os.sync()
    final.parent.mkdir(parents=True, exist_ok=True)
    aside.rename(final)


def write_synced(path: Path, data: bytes) -> None:
    """Write a file and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def remove_leftovers(parent: Path) -> None:
    """Remove what processes that have died were writing aside."""
    for path in parent.glob(".incomplete-*"):
        match = _LEFTOVER.fullmatch(path.name)
        if match and not _may_be_alive(int(match[1]), path):
            shutil.rmtree(path, ignore_errors=True)


def _may_be_alive(process: int, path: Path) -> bool:
    if process == os.getpid():
        return False
    if sys.platform == "win32":  # os.kill would end the process there
        return time.time() - path.stat().st_mtime < _DAY
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
