"""The folder of exported models: written whole, and checked when it is read."""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from kigezi.answering.card import CARD, FILES, Card
from kigezi.datasets.aside import written_aside
from kigezi.errors import DataError
from kigezi.exporting.packing import CHECKSUMS, card_within


@dataclass(frozen=True)
class Exported:
    """The models that the study shipped."""

    folder: Path

    @property
    def card(self) -> Card:
        """The card beside the files, which is that of the plain one.

        Raises:
            DataError: It is missing or damaged.
        """
        try:
            return Card.model_validate_json(self.read(CARD))
        except ValueError as error:
            raise self._damaged(CARD) from error

    def card_of(self, kind: str) -> Card:
        """The card within a file, whose thresholds are its own.

        Raises:
            DataError: The file is missing or damaged.
        """
        try:
            return card_within(kind, self.read(FILES[kind]))
        except ValueError as error:
            raise self._damaged(FILES[kind]) from error

    def path(self, kind: str) -> Path:
        """The file of a kind, after a look at whether it is as it was written.

        Args:
            kind: One of `kigezi.answering.card.FILES`.

        Raises:
            DataError: It is missing or damaged.
        """
        self.read(FILES[kind])
        return self.folder / FILES[kind]

    def read(self, name: str) -> bytes:
        """The bytes of a file in the folder, checked against their checksum."""
        try:
            lines = (self.folder / CHECKSUMS).read_text("utf-8").splitlines()
        except OSError as error:
            raise self._damaged(CHECKSUMS) from error
        sums = {line[66:]: line[:64] for line in lines}
        try:
            data = (self.folder / name).read_bytes()
        except OSError as error:
            raise self._damaged(name) from error
        if hashlib.sha256(data).hexdigest() != sums.get(name):
            raise self._damaged(name)
        return data

    def _damaged(self, name: str) -> DataError:
        return DataError(
            f"{self.folder / name} is missing or damaged: run "
            "`kedro run --pipeline=export` again (with the same --env and --params)."
        )


class FolderDataset(AbstractDataset[Mapping[str, bytes], Any]):
    """A folder of files that is saved from their bytes, and loads as its path.

    Example, in a catalog:
        app:
          type: kigezi.datasets.exported.FolderDataset
          path: data/08_reporting/app
    """

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        self._path = Path(path)
        self.metadata = metadata

    def load(self) -> Any:
        """Where the folder is."""
        return self._path

    def save(self, data: Mapping[str, bytes]) -> None:
        """Write all files into a fresh folder that takes the place of the old one.

        Args:
            data: Bytes by path in the folder, with `/`.
        """
        with written_aside(self._path) as aside:
            for name, content in data.items():
                (aside / name).parent.mkdir(parents=True, exist_ok=True)
                (aside / name).write_bytes(content)
            shutil.rmtree(self._path, ignore_errors=True)

    def _exists(self) -> bool:
        return self._path.is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"path": str(self._path)}


class ExportedDataset(FolderDataset):
    """The folder of exported models, which loads as `Exported`."""

    def load(self) -> Exported:
        """The folder; its files are checked when they are asked for."""
        return Exported(self._path)
