"""Write files and folders so that they appear whole or not at all."""

import hashlib
import os
import platform
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HOST = re.sub(r"\W", "_", platform.node())[:24]
_LEFTOVER = re.compile(r"\.incomplete-.*-(\w*)-(\d+)")
_DAY = 24 * 60 * 60


@contextmanager
def folder_aside(parent: Path, name: str) -> Iterator[Path]:
    """A new folder beside the final one, removed unless the block renames it.

    Args:
        parent: The folder on the same disk that will hold the final folder.
        name: Name of what is written, for people who find it after a crash.
    """
    parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(parent)
    aside = parent / f".incomplete-{name}-{_HOST}-{os.getpid()}"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def written_aside(target: Path) -> Iterator[Path]:
    """A path to write a file or folder to, which becomes `target` at the end.

    It has the target's own name, for some writers choose their format by the suffix.
    """
    with folder_aside(target.parent, target.name) as folder:
        path = folder / target.name
        yield path
        if path.is_file():
            flush(path)
        path.replace(target)


def write_bytes(target: Path, data: bytes) -> None:
    """Write a file so that it appears whole or not at all."""
    with written_aside(target) as path:
        path.write_bytes(data)


def sha256_of(path: Path) -> str:
    """sha256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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


def flush(path: Path) -> None:
    """Have a file on the disk before its name is: a rename alone may outrun it."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def remove_leftovers(parent: Path) -> None:
    """Remove what processes that have died were writing aside."""
    for path in parent.glob(".incomplete-*"):
        match = _LEFTOVER.fullmatch(path.name)
        if match and not _may_be_alive(match[1], int(match[2]), path):
            shutil.rmtree(path, ignore_errors=True)


def _may_be_alive(host: str, process: int, path: Path) -> bool:
    if host != _HOST or sys.platform == "win32":
        # Nothing is known of another machine's; on Windows os.kill would end it.
        return time.time() - path.stat().st_mtime < _DAY
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
