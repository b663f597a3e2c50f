"""Every kept photograph measured, and decoded where its pixels are asked for."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kigezi.folders import PhotographFolder
from kigezi.photos.geometry import fit
from kigezi.photos.inspecting import Inspection, inspect
from kigezi.photos.reading import decode, pixel_limit
from kigezi.photos.surveying import read_threads
from kigezi.progress import progress
from kigezi.schemas import ImageParameters

_FIGURES = ("sharpness", "brightness", "clipped", "bytes")

_BATCH = 256
"""photographs that are waited for together, so that few results are held"""


def measure_folder(
    folder: PhotographFolder,
    kept: pd.DataFrame,
    image: ImageParameters,
    threads: int | None = None,
) -> tuple[pd.DataFrame, npt.NDArray[np.float32]]:
    """Measure photographs; the result does not depend on the number of threads.

    Args:
        folder: Where the photographs are.
        kept: Rows of the ledger: `path, photo_id, width, height, taken` and others.
        image: Working size and shape.
        threads: How many read and measure, or None for what suits the machine.

    Returns:
        The rows with `sharpness, brightness, clipped, bytes, bytes_per_pixel`, and the
        `hour` (0 to 24) and `day` (counted from the year 1) when they were taken, or
        NaN; and the (photographs, 126) colours of their borders.

    Raises:
        DataError: A photograph is not what it was when it was ingested.
    """
    names = list(zip(kept["path"], kept["photo_id"], strict=True))
    inspected = _inspect(folder, names, image, threads or read_threads())
    rows: list[dict[str, Any]] = []
    borders = []
    for one in progress(inspected, len(names), "quality: photographs"):
        rows.append({name: getattr(one, name) for name in _FIGURES})
        borders.append(one.border)
    measures = kept.reset_index(drop=True).join(pd.DataFrame(rows))
    pixels = measures["width"] * measures["height"]
    measures["bytes_per_pixel"] = measures["bytes"] / pixels
    taken = [_moment(text) for text in measures["taken"]]
    measures["hour"] = [at.hour + at.minute / 60 if at else np.nan for at in taken]
    measures["day"] = [float(at.toordinal()) if at else np.nan for at in taken]
    return measures, np.stack(borders)


def _moment(taken: str) -> datetime | None:
    return datetime.fromisoformat(taken) if taken else None


def _inspect(
    folder: PhotographFolder,
    names: list[tuple[str, str]],
    image: ImageParameters,
    threads: int,
) -> Iterator[Inspection]:
    def look(name: tuple[str, str]) -> Inspection:
        return inspect(folder.read_ingested(*name), image.size, image.fit)

    # Set before the threads start, for these limits hold for the whole process.
    with pixel_limit(None), ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(names), _BATCH):
            yield from pool.map(look, names[start : start + _BATCH])


class WorkingImages:
    """Looks like the array of all photographs at working size, but holds none."""

    def __init__(
        self, folder: PhotographFolder, kept: pd.DataFrame, image: ImageParameters
    ) -> None:
        """Say where they are.

        Args:
            folder: Where the photographs are.
            kept: Rows of the ledger: `path, photo_id`.
            image: Working size and shape.
        """
        self._folder = folder
        self._names = list(zip(kept["path"], kept["photo_id"], strict=True))
        self._image = image
        self.shape = (len(kept), image.size, image.size, 3)

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """(rows, side, side, 3) RGB pixels from 0 to 255, decoded now."""
        with pixel_limit(None), ThreadPoolExecutor(read_threads()) as pool:
            return np.stack(list(pool.map(self._decode, rows)))

    def _decode(self, row: int) -> npt.NDArray[np.uint8]:
        size = self._image.size
        photograph = decode(self._folder.read_ingested(*self._names[row]), size)
        return np.asarray(fit(photograph, size, self._image.fit))
