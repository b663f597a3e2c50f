"""Kedro's datasets of one file, which appear whole or not at all.

Kedro writes into the file itself: after a power cut or on a full disk half a file is
left, which exists as far as Kedro is concerned.
"""

from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from kedro_datasets import matplotlib, pandas, text

from kigezi.datasets.aside import written_aside
from kigezi.errors import DataError


class _Whole:
    """Goes before a dataset that writes to and reads from `_filepath`."""

    _filepath: PurePosixPath

    def save(self, data: Any) -> None:
        """Write beside the file, which then takes its place."""
        target = self._filepath
        with written_aside(Path(target)) as aside:
            self._filepath = PurePosixPath(aside.as_posix())
            try:
                super().save(data)  # type: ignore[misc]
            finally:
                self._filepath = target


class CSVDataset(_Whole, pandas.CSVDataset):
    """A table as CSV."""


class MatplotlibDataset(_Whole, matplotlib.MatplotlibDataset):
    """A figure as PNG."""


class TextDataset(_Whole, text.TextDataset):
    """A page of text."""


class ParquetDataset(_Whole, pandas.ParquetDataset):
    """A table as Parquet with checksums, so that damage is noticed when it is read."""

    DEFAULT_LOAD_ARGS: ClassVar[dict[str, Any]] = {"page_checksum_verification": True}
    DEFAULT_SAVE_ARGS: ClassVar[dict[str, Any]] = {"write_page_checksum": True}

    def load(self) -> Any:
        """The table.

        Raises:
            DataError: The file is damaged.
        """
        try:
            return super().load()
        except Exception as error:
            if not self._exists():
                raise
            raise DataError(
                f"{self._filepath} is damaged: delete it and run the same command "
                "again, which says what makes it."
            ) from error
