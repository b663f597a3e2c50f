"""Locks that the operating system releases however a process ends.

They hold between machines where the shared folder's file system passes locks on, as
NFS 4 and SMB do.
"""

import errno
import json
import logging
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from kigezi.errors import DataError
from kigezi.progress import duration

_log = logging.getLogger(__name__)

_NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK)

_SAY_EVERY = 60.0
"""seconds between two lines about waiting"""


@contextmanager
def alone(path: Path, doing: str) -> Iterator[None]:
    """Be the only one who holds a lock while the block runs.

    Args:
        path: File of the lock, made where it is missing, in the folder it protects.
        doing: What is done meanwhile, for whoever comes second.

    Raises:
        DataError: Somebody else holds it.
    """
    lock = _lock(path)
    try:
        if not _acquire(lock, 0):
            _log.warning(
                "The file system of %s has no locks: see that no second run works "
                "there.",
                path.parent,
            )
    except Timeout:
        raise DataError(
            f"{_holder(path)} works in {path.parent} already: wait until it has ended, "
            "or stop it; two at once would get into each other's way."
        ) from None
    yield from _held(lock, path, doing)


@contextmanager
def in_turn(path: Path, doing: str) -> Iterator[None]:
    """Wait until nobody holds a lock, then be the only one.

    Args:
        path: File of the lock, made where it is missing.
        doing: What is done meanwhile, for whoever waits.
    """
    lock = _lock(path)
    started = time.monotonic()
    waiting = True
    while waiting:
        try:
            _acquire(lock, _SAY_EVERY)
            waiting = False
        except Timeout:
            waited = duration(time.monotonic() - started)
            _log.info("%s has waited %s for %s", doing, waited, _holder(path))
    yield from _held(lock, path, doing)


def _acquire(lock: FileLock, seconds: float) -> bool:
    """Take a lock; False where the file system has none, so that nobody holds any.

    Raises:
        Timeout: Somebody else held it for so many seconds.
    """
    try:
        lock.acquire(timeout=seconds, poll_interval=0.2)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return False
    return True


def _held(lock: FileLock, path: Path, doing: str) -> Iterator[None]:
    try:
        _write_holder(path, doing)
        yield
    finally:
        _holder_path(path).unlink(missing_ok=True)
        lock.release()


def _lock(path: Path) -> FileLock:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Its fallback is a file that a killed process would leave behind for ever.
    return FileLock(path, fallback_to_soft=False)


def _holder_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _write_holder(path: Path, doing: str) -> None:
    holder = {
        "doing": doing,
        "host": platform.node(),
        "process": os.getpid(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
    }
    _holder_path(path).write_text(json.dumps(holder), "utf-8")


def _holder(path: Path) -> str:
    try:
        said: dict[str, Any] = json.loads(_holder_path(path).read_text("utf-8"))
        return "{doing} (process {process} on {host}, since {since})".format(**said)
    except (OSError, ValueError, KeyError):
        return "another run"
