"""Records of the study as files: JSON that is written whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.io import AbstractDataset
from kedro.utils import load_obj
from pydantic import BaseModel

from kigezi.datasets.aside import write_bytes, written_aside
from kigezi.errors import DataError
from kigezi.records import Trial, TrialResult


@contextmanager
def _refusing_damage(path: Path) -> Iterator[None]:
    """Say what to do about a record that cannot be read; trainings are kept elsewhere.

    pandas and Pydantic raise a `ValueError` for whatever is not as it should be.
    """
    try:
        yield
    except (OSError, ValueError) as error:
        if not path.exists():
            raise
        raise DataError(
            f"{path} is damaged: delete it and run `kedro run --pipeline=tune` (with "
            "the same --env and --params), which makes it again without training again."
        ) from error


class RecordDataset(AbstractDataset[BaseModel, BaseModel]):
    """One Pydantic record as a JSON file.

    Example, in a catalog:
        winner:
          type: kigezi.datasets.records.RecordDataset
          filepath: data/07_model_output/winner.json
          record: kigezi.records.Winner
    """

    def __init__(
        self, *, filepath: str, record: str, metadata: dict[str, Any] | None = None
    ) -> None:
        self._path = Path(filepath)
        self._record = record
        self.metadata = metadata

    def load(self) -> BaseModel:
        """The record, checked against its model.

        Raises:
            DataError: It is damaged.
        """
        model: type[BaseModel] = load_obj(self._record)
        with _refusing_damage(self._path):
            return model.model_validate_json(self._path.read_bytes())

    def save(self, data: BaseModel) -> None:
        """Write the record whole or not at all."""
        write_bytes(self._path, data.model_dump_json(indent=1).encode())

    def _exists(self) -> bool:
        return self._path.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._path), "record": self._record}


class TrialDataset(AbstractDataset[Trial, Trial]):
    """One trial as a folder: `trial.json` and `predictions.parquet`."""

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        self._path = Path(path)
        self.metadata = metadata

    def load(self) -> Trial:
        """The result with its predictions.

        Raises:
            DataError: They are damaged.
        """
        with _refusing_damage(self._path):
            text = (self._path / "trial.json").read_bytes()
            predictions = pd.read_parquet(self._path / "predictions.parquet")
            return Trial(TrialResult.model_validate_json(text), predictions)

    def save(self, data: Trial) -> None:
        """Write both files into a fresh folder that takes the place of the old one."""
        with written_aside(self._path) as aside:
            aside.mkdir()
            text = data.result.model_dump_json(indent=1)
            (aside / "trial.json").write_text(text, "utf-8")
            data.predictions.to_parquet(aside / "predictions.parquet")
            shutil.rmtree(self._path, ignore_errors=True)

    def _exists(self) -> bool:
        return (self._path / "trial.json").is_file()

    def _describe(self) -> dict[str, Any]:
        return {"path": str(self._path)}


class ModelFileDataset(AbstractDataset[bytes, bytes]):
    """A model file as it is; nothing of it is run or unpacked here."""

    def __init__(
        self, *, filepath: str, metadata: dict[str, Any] | None = None
    ) -> None:
        self._path = Path(filepath)
        self.metadata = metadata

    def load(self) -> bytes:
        """The file's bytes."""
        return self._path.read_bytes()

    def save(self, data: bytes) -> None:
        """Write the file whole or not at all."""
        write_bytes(self._path, data)

    def _exists(self) -> bool:
        return self._path.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._path)}
