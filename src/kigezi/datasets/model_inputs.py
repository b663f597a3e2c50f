"""Images at working size as one memory-mapped array: no JPEG is decoded twice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Never

import numpy as np
import numpy.typing as npt
from kedro.io import AbstractDataset, DatasetError

from kigezi.datasets.aside import written_aside

Pixels = npt.NDArray[np.uint8]


class ModelInputs:
    """Image arrays by the digest of their dataset version."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get_or_make(
        self, digest: str, shape: tuple[int, ...], fill: Callable[[Pixels], None]
    ) -> Pixels:
        """The read-only array of a dataset version, made by `fill` where it is missing.

        Args:
            digest: Digest of the dataset version.
            shape: (images, side, side, 3).
            fill: Writes the pixels into an array of that shape.
        """
        target = self._folder / f"{digest[:32]}.npy"
        if not target.is_file():
            with written_aside(target) as aside:
                pixels = np.lib.format.open_memmap(
                    aside, mode="w+", dtype=np.uint8, shape=shape
                )
                fill(pixels)
                pixels.flush()
                # Windows cannot rename a file that is still mapped.
                del pixels
        return np.load(target, mmap_mode="r")


class ModelInputsDataset(AbstractDataset[Never, ModelInputs]):
    """Loads as the open store of image arrays."""

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        self._path = Path(path)
        self.metadata = metadata

    def load(self) -> ModelInputs:
        """The open store; it may be empty."""
        return ModelInputs(self._path)

    def save(self, data: Never) -> None:
        """Nothing is saved whole: arrays are made when they are asked for."""
        raise DatasetError("arrays are written through the store that load() gives")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"path": str(self._path)}
