"""Tables that take long to make, found again by what decides them."""

import logging
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from kigezi.datasets.aside import written_aside
from kigezi.datasets.open_store import OpenStoreDataset

_log = logging.getLogger(__name__)

_KEPT = 5
"""tables that are kept: the latest that were asked for"""


class Tables:
    """Tables by digest, each a Parquet file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get_or_make(
        self, digest: str, make: Callable[[], pd.DataFrame]
    ) -> pd.DataFrame:
        """The table of a digest, made where it is missing or damaged."""
        path = self._folder / f"{digest[:32]}.parquet"
        try:
            table = pd.read_parquet(path)
        except FileNotFoundError:
            table = None
        except (OSError, ValueError) as error:
            _log.warning("%s is damaged (%s): it is made again", path, error)
            table = None
        if table is None:
            table = make()
            with written_aside(path) as aside:
                table.to_parquet(aside, index=False)
        path.touch()
        self._remove_old()
        return table

    def _remove_old(self) -> None:
        # Not those that begin with a dot: others are still writing them.
        paths = self._folder.glob("[!.]*.parquet")
        files = [(path.stat().st_mtime, path) for path in paths]
        for _, path in sorted(files)[:-_KEPT]:
            path.unlink(missing_ok=True)


class TablesDataset(OpenStoreDataset[Tables]):
    """Loads as the open store of tables."""

    def _open(self, path: Path) -> Tables:
        return Tables(path)
