"""Arrays that training reads, memory-mapped, so that nothing is computed twice.

Images at working size are decoded once, and the activations of layers that no variant
trains are computed once.
"""

import errno
import logging
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kigezi.datasets.aside import sha256_of, write_bytes, written_aside
from kigezi.datasets.locks import in_turn
from kigezi.datasets.open_store import OpenStoreDataset

_log = logging.getLogger(__name__)

Array = npt.NDArray[Any]


class ModelInputs:
    """Arrays by the digest of what they were computed from."""

    def __init__(self, folder: Path, limit: float) -> None:
        self._folder = folder
        self._limit = limit

    def get_or_make(
        self,
        digest: str,
        shape: tuple[int, ...],
        fill: Callable[[Array], None],
        dtype: npt.DTypeLike = np.uint8,
    ) -> Array:
        """The read-only array of a digest, made where it is missing or damaged.

        What was not used for longest is removed when the folder grows beyond its limit.

        Args:
            digest: Digest of everything that decides the values.
            shape: A row an image.
            fill: Writes the values into an array of that shape, which is all zero.
            dtype: Type of the values.
        """
        target = self._folder / f"{digest[:32]}.npy"
        # Variants that train at the same time often share an array.
        with in_turn(target.with_suffix(".lock"), target.name):
            if not _is_whole(target):
                _make(target, shape, fill, dtype)
            _checksum_path(target).touch()
        self._make_room(target)
        return np.load(target, mmap_mode="r")

    def _make_room(self, keep: Path) -> None:
        """Remove the arrays that were not used for longest, beyond the limit."""
        # Not those that begin with a dot: others are still writing them.
        paths = sorted(self._folder.glob("[!.]*.npy"), key=_last_use)
        excess = sum(path.stat().st_size for path in paths) - self._limit
        for path in paths:
            if excess <= 0:
                return
            if path != keep:
                excess -= path.stat().st_size
                _remove(path)


class ModelInputsDataset(OpenStoreDataset[ModelInputs]):
    """Loads as the open store of arrays.

    Example, in a catalog:
        model_inputs:
          type: kigezi.datasets.model_inputs.ModelInputsDataset
          path: data/05_model_input
          gigabytes: 20
    """

    def __init__(
        self, *, path: str, gigabytes: float, metadata: dict[str, Any] | None = None
    ) -> None:
        super().__init__(path=path, metadata=metadata)
        self._gigabytes = gigabytes

    def _open(self, path: Path) -> ModelInputs:
        return ModelInputs(path, self._gigabytes * 1e9)


def _make(
    target: Path,
    shape: tuple[int, ...],
    fill: Callable[[Array], None],
    dtype: npt.DTypeLike,
) -> None:
    with written_aside(target) as aside:
        array = np.lib.format.open_memmap(aside, mode="w+", dtype=dtype, shape=shape)
        _reserve(aside)
        fill(array)
        array.flush()
        # Windows cannot rename a file that is still mapped.
        del array
        checksum = sha256_of(aside)
    write_bytes(_checksum_path(target), checksum.encode())


def _checksum_path(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _last_use(path: Path) -> float:
    checksum = _checksum_path(path)
    return checksum.stat().st_mtime if checksum.is_file() else 0


def _reserve(path: Path) -> None:
    """Take the room on the disk now: a full one ends the process at a mapped write."""
    if not hasattr(os, "posix_fallocate"):  # Windows and macOS
        return
    with path.open("rb+") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        except OSError as error:
            if error.errno != errno.EOPNOTSUPP:
                raise OSError(error.errno, error.strerror, str(path)) from error


def _is_whole(path: Path) -> bool:
    checksum = _checksum_path(path)
    if not (path.is_file() and checksum.is_file()):
        return False
    status = path.stat()
    found = _checksum(path, status.st_size, status.st_mtime_ns)
    whole = found == checksum.read_text("ascii")
    if not whole:
        _log.warning("%s is damaged: it is made again", path)
    return whole


@lru_cache
def _checksum(path: Path, size: int, changed_at: int) -> str:
    """Checksum of a file, read once as long as size and time stay the same."""
    return sha256_of(path)


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except PermissionError:  # Windows, while it is mapped
        return
    _checksum_path(path).unlink(missing_ok=True)
