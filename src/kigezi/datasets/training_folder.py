"""One training on disk, epoch by epoch."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, TypeAdapter

from kigezi.datasets.aside import sha256_of, write_bytes, written_aside
from kigezi.errors import DataError
from kigezi.records import Epoch

Arrays = dict[str, npt.NDArray[np.generic]]
_EPOCHS = TypeAdapter(list[Epoch])


class Training:
    """One training on disk, epoch by epoch.

    `history.json` is written last: what it does not name does not count, and it holds
    the sha256 of every file that it names.
    """

    def __init__(self, folder: Path, key: str, budgets: Sequence[int]) -> None:
        self.key = key
        self._folder = folder
        self._budgets = budgets

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
        return Training(self._folder / f"again_{budget}", self.key, (budget,))

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
        write_bytes(self._folder / "history.json", json.dumps(index, indent=1).encode())
        for name in before.keys() - files.keys():
            (self._folder / name).unlink(missing_ok=True)

    def evaluation(self, epoch: int | None) -> dict[str, Any] | None:
        """What was measured of an epoch's weights, or nothing yet."""
        path = self._folder / f"evaluation_{epoch}.json"
        predictions = self._folder / f"predictions_{epoch}.parquet"
        files = (path, predictions, self.model_path(epoch))
        if not all(file.is_file() for file in files):
            return None
        return json.loads(path.read_text("utf-8"))

    def predictions(self, epoch: int | None) -> pd.DataFrame:
        """The predictions of an epoch's weights on the test photographs."""
        return pd.read_parquet(self._folder / f"predictions_{epoch}.parquet")

    def model_path(self, epoch: int | None) -> Path:
        """The whole model with an epoch's weights, as a `.keras` file."""
        return self._folder / f"model_{epoch}.keras"

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
        with written_aside(self._folder / f"predictions_{epoch}.parquet") as aside:
            predictions.to_parquet(aside)
        text = json.dumps(evaluation, indent=1, default=_plain)
        write_bytes(self._folder / f"evaluation_{epoch}.json", text.encode())

    def _index(self) -> dict[str, Any]:
        path = self._folder / "history.json"
        if not path.is_file():
            return {"history": [], "files": {}, "state": None}
        return json.loads(path.read_text("utf-8"))

    def _write(self, name: str, arrays: Arrays) -> str:
        with written_aside(self._folder / name) as aside:
            with aside.open("wb") as file:
                np.savez(file, **arrays)
            return sha256_of(aside)

    def _read(self, name: str) -> Arrays:
        path = self._folder / name
        expected = self._index()["files"].get(name)
        if not path.is_file() or expected != sha256_of(path):
            raise DataError(
                f"{path} is damaged or missing: delete the folder {self._folder.name} "
                f"in {self._folder.parent} and run again, which trains it anew."
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


def _plain(record: BaseModel) -> dict[str, Any]:
    return record.model_dump(mode="json")


def _weights_name(epoch: int) -> str:
    return f"weights_{epoch}.npz"


def _is_weights(name: str) -> bool:
    return name.startswith("weights_")


def _epoch_of(name: str) -> int:
    return int(name.removeprefix("weights_").removesuffix(".npz"))
