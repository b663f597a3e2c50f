"""Every training that was ever done here, found again by what decided it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kigezi.datasets.aside import write_bytes
from kigezi.datasets.open_store import OpenStoreDataset
from kigezi.datasets.training_folder import Training
from kigezi.errors import DataError
from kigezi.records import digest_of


class Trainings:
    """All trainings, by key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, decided_by: Mapping[str, Any], budgets: Sequence[int]) -> Training:
        """The training that these settings decide, whether begun or not.

        Args:
            decided_by: Everything that decides the weights after a number of epochs.
            budgets: Numbers of epochs that are asked for; the best weights within each
                are kept.
        """
        key = digest_of(decided_by)
        folder = self._folder / key[:32]
        if not (folder / "decided_by.json").is_file():
            text = json.dumps(decided_by, indent=1, sort_keys=True)
            write_bytes(folder / "decided_by.json", text.encode())
        return Training(folder, key, budgets)

    def find(self, key: str) -> Training:
        """A training that was begun, by its key.

        Raises:
            DataError: It is not there any more.
        """
        folder = self._folder / key[:32]
        if not (folder / "history.json").is_file():
            raise DataError(
                f"The training {folder} is not there any more: run "
                "`kedro run --pipeline=tune` again, which trains it anew."
            )
        return Training(folder, key, ())

    def mark_whole(self, study: str) -> None:
        """Remember that every training of a study is here.

        Args:
            study: Digest of its plan and photographs.
        """
        if not self.has_whole(study):
            write_bytes(self._folder / f"{study[:32]}.whole", b"")

    def has_whole(self, study: str) -> bool:
        """Whether every training of a study was done here."""
        return (self._folder / f"{study[:32]}.whole").is_file()


class TrainingsDataset(OpenStoreDataset[Trainings]):
    """Loads as the open store of all trainings."""

    def _open(self, path: Path) -> Trainings:
        return Trainings(path)
