"""Locks that the operating system releases however a process ends.

They hold between machines where the shared folder's file system passes locks on, as
NFS 4 and SMB do.
"""

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
        lock.acquire(timeout=0)
    except Timeout:
        raise DataError(
            f"{_holder(path)} works in {path.parent} already: wait until it has ended, "
            "or stop it; two at once would get into each other's way."
        ) from None
    except NotImplementedError:
        _log.warning(
            "The file system of %s has no locks: see that no second run works there.",
            path.parent,
        )
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
    while not lock.is_locked:
        try:
            lock.acquire(timeout=_SAY_EVERY, poll_interval=0.2)
        except Timeout:
            waited = duration(time.monotonic() - started)
            _log.info("%s has waited %s for %s", doing, waited, _holder(path))
        except NotImplementedError:
            break
    yield from _held(lock, path, doing)


def _held(lock: FileLock, path: Path, doing: str) -> Iterator[None]:
    try:
        _write_holder(path, doing)
        yield
    finally:
        _holder_path(path).unlink(missing_ok=True)
        lock.release()


def _lock(path: Path) -> FileLock:
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path)


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
