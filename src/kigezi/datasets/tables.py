"""Tables that take long to make, found again by what decides them."""

import logging
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from kigezi.datasets.aside import written_aside
from kigezi.datasets.open_store import OpenStoreDataset
from kigezi.datasets.workers import map_in_processes, usable_processors

_log = logging.getLogger(__name__)

_KEPT = 5
"""tables that are kept, finished or not: the latest that were asked for"""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Tables:
    """Tables by digest, each a Parquet file, and the parts of unfinished ones."""

    def __init__(self, folder: Path, workers: int = 1) -> None:
        self._folder = folder
        self._workers = workers

    def get_or_make(
        self, digest: str, make: Callable[[int], Iterator[pd.DataFrame]]
    ) -> pd.DataFrame:
        """The table of a digest, made where it is missing or damaged.

        Each part is kept as soon as it is made, so that work that was interrupted goes
        on from there.

        Args:
            digest: Digest of everything that decides the table.
            make: Yields it in parts, one at least, from the row of this number on.
        """
        path = self._folder / f"{digest[:32]}.parquet"
        table = _read(path)
        if table is None:
            table = _make_in_parts(path, make)
        # Here, for a crash may have kept them.
        shutil.rmtree(_parts_of(path), ignore_errors=True)
        path.touch()
        self._remove_old()
        return table

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item], /
    ) -> Iterator[Result]:
        """See `map_in_processes`."""
        return map_in_processes(function, items, self._workers, batch=1)

    def _remove_old(self) -> None:
        # Not those that begin with a dot: others are still writing them.
        found = [
            (path.stat().st_mtime, path)
            for pattern in ("[!.]*.parquet", "[!.]*.parts")
            for path in self._folder.glob(pattern)
        ]
        for _, path in sorted(found)[:-_KEPT]:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


class TablesDataset(OpenStoreDataset[Tables]):
    """Loads as the open store of tables."""

    def __init__(
        self,
        *,
        path: str,
        workers: int | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Say where the tables are.

        Args:
            path: Their folder.
            workers: Processes that make them; None for one a processor core.
            metadata: For Kedro-Viz.
        """
        super().__init__(path=path, metadata=metadata)
        self._workers = workers or usable_processors()

    def _open(self, path: Path) -> Tables:
        return Tables(path, self._workers)


def _make_in_parts(
    path: Path, make: Callable[[int], Iterator[pd.DataFrame]]
) -> pd.DataFrame:
    folder = _parts_of(path)
    parts = list(_whole_parts(folder))
    done = sum(map(len, parts))
    if done:
        _log.info("%s rows of %s are there, the others are made", f"{done:,}", path)
    for part in make(done):
        _write(_part(folder, len(parts)), part)
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    _write(path, table)
    return table


def _parts_of(path: Path) -> Path:
    return path.with_suffix(".parts")


def _whole_parts(folder: Path) -> Iterator[pd.DataFrame]:
    """What was made of a table before the work was interrupted."""
    number = 0
    while (part := _read(_part(folder, number))) is not None:
        yield part
        number += 1


def _part(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}.parquet"


def _read(path: Path) -> pd.DataFrame | None:
    try:
        return pd.read_parquet(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        _log.warning("%s is damaged (%s): it is made again", path, error)
        return None


def _write(path: Path, table: pd.DataFrame) -> None:
    with written_aside(path) as aside:
        table.to_parquet(aside, index=False)
