"""Datasets that load as an open store."""

from abc import abstractmethod
from pathlib import Path
from typing import Any, Generic, Never, TypeVar

from kedro.io import AbstractDataset, DatasetError

Store = TypeVar("Store")


class OpenStoreDataset(AbstractDataset[Never, Store], Generic[Store]):
    """Loads as a store that writes, skips and finds again what it is asked for."""

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        self._path = Path(path)
        self.metadata = metadata

    @abstractmethod
    def _open(self, path: Path) -> Store:
        """The store at a path, which may be empty."""

    def load(self) -> Store:
        """The open store; it may be empty."""
        return self._open(self._path)

    def save(self, data: Never) -> None:
        """Nothing is saved whole."""
        raise DatasetError(f"{type(self).__name__} is written through its open store")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"path": str(self._path)}
