"""Images at working size as one memory-mapped array: no JPEG is decoded twice."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kigezi.datasets.aside import written_aside
from kigezi.datasets.open_store import OpenStoreDataset

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


class ModelInputsDataset(OpenStoreDataset[ModelInputs]):
    """Loads as the open store of image arrays."""

    def _open(self, path: Path) -> ModelInputs:
        return ModelInputs(path)
