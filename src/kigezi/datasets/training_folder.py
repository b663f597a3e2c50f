"""One training on disk, epoch by epoch."""

import json
import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, TypeAdapter

from kigezi.datasets.aside import sha256_of, write_bytes, written_aside
from kigezi.datasets.attempts import counting_kills
from kigezi.errors import DataError
from kigezi.records import Epoch

_log = logging.getLogger(__name__)

Arrays = dict[str, npt.NDArray[np.generic]]
_EPOCHS = TypeAdapter(list[Epoch])


class Training:
    """One training on disk, epoch by epoch.

    `history.json` is written last: what it does not name does not count, and it holds
    the sha256 of every file that it names.
    """

    folder: Path
    """where it is kept; nobody but this class writes there"""

    def __init__(self, folder: Path, key: str, budgets: Sequence[int]) -> None:
        self.key = key
        self.folder = folder
        self._budgets = budgets

    def counting_kills(self) -> AbstractContextManager[int]:
        """How often it was killed for lack of memory, and a note for the next time."""
        return counting_kills(self.folder / "attempt.json")

    def history(self) -> list[Epoch]:
        """The epochs that are done, first to last."""
        return _EPOCHS.validate_python(self._index()["history"])

    def state(self) -> Arrays:
        """Model and optimizer after the last epoch."""
        return self._read(self._index()["state"])

    def best(self, epoch: int) -> Arrays:
        """The weights after an epoch that was the best so far."""
        return self._read(_weights_name(epoch))

    def keeps(self, epoch: int) -> bool:
        """Whether the weights of a best epoch were needed by a budget and are kept."""
        return _weights_name(epoch) in self._index()["files"]

    def apart(self, budget: int) -> "Training":
        """A second, shorter training of the same key that keeps its best weights."""
        return Training(self.folder / f"again_{budget}", self.key, (budget,))

    def save(self, history: Sequence[Epoch], state: Arrays, best: Arrays) -> None:
        """Keep one more epoch; `best` is empty unless it is the best so far.

        Weights are kept where they are the best within some budget of epochs.
        """
        number = history[-1].epoch
        before = self._index()["files"]
        kept = self._needed(before, number) if best else dict(before)
        if best:
            kept[_weights_name(number)] = self._write(_weights_name(number), best)
        # The state before stays until the index names the new one.
        state_name = f"state_{'odd' if number % 2 else 'even'}.npz"
        files = {name: sha for name, sha in kept.items() if _is_weights(name)}
        files[state_name] = self._write(state_name, state)
        epochs = [epoch.model_dump(mode="json") for epoch in history]
        index = {"history": epochs, "state": state_name, "files": files}
        write_bytes(self.folder / "history.json", json.dumps(index, indent=1).encode())
        for name in before.keys() - files.keys():
            (self.folder / name).unlink(missing_ok=True)

    def evaluation(self, epoch: int | None) -> dict[str, Any] | None:
        """What was measured of an epoch's weights, or nothing yet.

        It is nothing too where predictions or model are not as they were written: they
        are then made again from the weights.
        """
        path = self.folder / f"evaluation_{epoch}.json"
        try:
            found = json.loads(path.read_text("utf-8"))
            sums = found.pop("files")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError):
            _log.warning("%s is damaged: it is measured again", path)
            return None
        for name, expected in sums.items():
            if _sum(self.folder / name) != expected:
                _log.warning("%s is damaged: it is made again", self.folder / name)
                return None
        return found

    def predictions(self, epoch: int | None) -> pd.DataFrame:
        """The predictions of an epoch's weights on the test photographs."""
        return pd.read_parquet(self._predictions_path(epoch))

    def model_path(self, epoch: int | None) -> Path:
        """The whole model with an epoch's weights, as a `.keras` file."""
        return self.folder / f"model_{epoch}.keras"

    def keep_evaluation(
        self,
        epoch: int | None,
        evaluation: Mapping[str, Any],
        predictions: pd.DataFrame,
        save_model: Callable[[Path], None],
    ) -> None:
        """Keep figures, predictions and the whole model; the figures come last."""
        with written_aside(self.model_path(epoch)) as aside:
            save_model(aside)
        with written_aside(self._predictions_path(epoch)) as aside:
            predictions.to_parquet(aside)
        files = (self.model_path(epoch), self._predictions_path(epoch))
        sums = {path.name: _sum(path) for path in files}
        text = json.dumps({**evaluation, "files": sums}, indent=1, default=_plain)
        write_bytes(self.folder / f"evaluation_{epoch}.json", text.encode())

    def check_history(self) -> None:
        """Begin anew if it cannot be told which epochs are done."""
        try:
            self.history()
        except (OSError, ValueError, KeyError, TypeError):
            self._set_aside("history.json")

    def mend(self) -> None:
        """Begin anew if a file is damaged without which training cannot go on.

        The same bits are then trained again. What a crash kept from being removed goes.
        """
        files = self._index()["files"]
        damaged = [n for n, sha in files.items() if _sum(self.folder / n) != sha]
        if damaged:
            self._set_aside(damaged[0])
            return
        for path in self.folder.glob("[!.]*.npz"):
            if path.name not in files:
                path.unlink()

    def _set_aside(self, damaged: str) -> None:
        aside = self.folder.with_name(f"{self.folder.name}.damaged")
        shutil.rmtree(aside, ignore_errors=True)
        self.folder.rename(aside)
        _log.warning(
            "%s is damaged, so that this training begins anew; the rest of it is in "
            "%s, which you may delete.",
            *(self.folder / damaged, aside),
        )

    def _predictions_path(self, epoch: int | None) -> Path:
        return self.folder / f"predictions_{epoch}.parquet"

    def _index(self) -> dict[str, Any]:
        path = self.folder / "history.json"
        if not path.is_file():
            return {"history": [], "files": {}, "state": None}
        return json.loads(path.read_text("utf-8"))

    def _write(self, name: str, arrays: Arrays) -> str:
        with written_aside(self.folder / name) as aside:
            with aside.open("wb") as file:
                np.savez(file, **arrays)
            return sha256_of(aside)

    def _read(self, name: str) -> Arrays:
        path = self.folder / name
        expected = self._index()["files"].get(name)
        if expected is None or _sum(path) != expected:
            raise DataError(
                f"{path} is damaged or missing: run the same command again, which "
                "trains it anew."
            )
        with np.load(path) as arrays:
            return dict(arrays)

    def _needed(self, files: Mapping[str, str], number: int) -> dict[str, str]:
        """Files without the weights that no budget needs once `number` is better."""
        return {
            name: sha
            for name, sha in files.items()
            if not _is_weights(name)
            or any(_epoch_of(name) <= budget < number for budget in self._budgets)
        }


def _sum(path: Path) -> str | None:
    return sha256_of(path) if path.is_file() else None


def _plain(record: BaseModel) -> dict[str, Any]:
    return record.model_dump(mode="json")


def _weights_name(epoch: int) -> str:
    return f"weights_{epoch}.npz"


def _is_weights(name: str) -> bool:
    return name.startswith("weights_")


def _epoch_of(name: str) -> int:
    return int(name.removeprefix("weights_").removesuffix(".npz"))
