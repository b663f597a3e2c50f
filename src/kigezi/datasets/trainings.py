"""Every training that was ever done here, found again by what decided it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from kigezi.datasets.aside import write_bytes
from kigezi.datasets.locks import in_turn
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

    @contextmanager
    def hold(
        self, decided_by: Mapping[str, Any], budgets: Sequence[int], name: str
    ) -> Iterator[Training]:
        """The same, while nobody else works on this training.

        Args:
            decided_by: Everything that decides the weights after a number of epochs.
            budgets: Numbers of epochs that are asked for.
            name: What is trained, for whoever waits: `freeze/top_10`.
        """
        key = digest_of(decided_by)[:32]
        with in_turn(self._folder / f"{key}.lock", name):
            training = self.open(decided_by, budgets)
            training.check_history()
            yield training

    def explain_new(self, name: str, decided_by: Mapping[str, Any]) -> str:
        """What differs from the training that last bore a name; it bears it from now.

        Args:
            name: A variant's, as in `freeze/top_10`.
            decided_by: Everything that decides the weights after a number of epochs.

        Returns:
            As in `recipe.learning_rate 0.001 -> 0.0001`, or nothing.
        """
        path = self._folder / "names" / f"{name.replace('/', '.')}.json"
        after = pd.json_normalize(dict(decided_by)).to_dict("records")[0]
        try:
            before = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            before = after
        write_bytes(path, json.dumps(after, indent=1).encode())
        return ", ".join(
            f"{key} {_short(before.get(key))} -> {_short(after.get(key))}"
            for key in dict.fromkeys([*before, *after])
            if before.get(key) != after.get(key)
        )

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


def _short(value: Any) -> str:
    """A digest is told by its first digits."""
    return str(value)[:12] if isinstance(value, str) else f"{value}"


class TrainingsDataset(OpenStoreDataset[Trainings]):
    """Loads as the open store of all trainings."""

    def _open(self, path: Path) -> Trainings:
        return Trainings(path)
