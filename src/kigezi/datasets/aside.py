"""Write files and folders so that they appear whole or not at all."""

import hashlib
import os
import platform
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_HOST = re.sub(r"\W", "_", platform.node())[:24]
_LEFTOVER = re.compile(r"\.incomplete-(\w*)-(\d+)-.*", re.DOTALL)
_DAY = 24 * 60 * 60
_mine: set[Path] = set()
"""what this process is writing now"""


@contextmanager
def folder_aside(parent: Path, name: str) -> Iterator[Path]:
    """A new folder beside the final one, removed unless the block renames it.

    Args:
        parent: The folder on the same disk that will hold the final folder.
        name: Name of what is written, for people who find it after a crash.
    """
    with _place_aside(parent, name) as aside:
        aside.mkdir()
        yield aside


@contextmanager
def written_aside(target: Path) -> Iterator[Path]:
    """A path to write a file or folder to, which becomes `target` at the end.

    It ends like the target, for some writers choose their format by the suffix.
    """
    with _place_aside(target.parent, target.name) as path:
        yield path
        if path.is_file():
            flush(path)
        # One rename is all there is: after it, a crash leaves nothing behind.
        path.replace(target)


@contextmanager
def _place_aside(parent: Path, name: str) -> Iterator[Path]:
    parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(parent)
    path = parent / f".incomplete-{_HOST}-{os.getpid()}-{name}"
    _mine.add(path)
    try:
        yield path
    finally:
        _remove(path)
        _mine.discard(path)


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
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _may_be_alive(host: str, process: int, path: Path) -> bool:
    if host != _HOST or sys.platform == "win32":
        # Nothing is known of another machine's; on Windows os.kill would end it.
        return not _is_old(path)
    if process == os.getpid():
        return path in _mine
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > _DAY
    except FileNotFoundError:  # it was finished or removed just now
        return False
