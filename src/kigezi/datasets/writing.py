"""Make the images of many photographs, and write them.

Workers import this module, so it imports neither Kedro nor pandas nor Pydantic.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from kigezi.datasets.workers import map_in_processes
from kigezi.folders import PhotographFolder
from kigezi.photos.labels import label_folder
from kigezi.photos.making import Make

Row = dict[str, Any]


@dataclass(frozen=True)
class Photograph:
    """What a worker has to know of a photograph."""

    path: str
    photo_id: str
    label: str
    split: str

    @property
    def folder(self) -> str:
        """Where its images go, relative to the dataset and with `/`."""
        return f"images/{label_folder(self.label)}"


def write_images(
    photographs: Sequence[Photograph],
    source: PhotographFolder,
    make: Make,
    target: Path,
    workers: int,
) -> Iterator[list[Row]]:
    """Write all images; the manifest's rows of each photograph, in the order given.

    Args:
        photographs: What to read.
        source: Where to read it.
        make: The images of a photograph, from its bytes and photo_id.
        target: The folder of the dataset.
        workers: Processes; with 1 the work is done in this one.

    Raises:
        DataError: A photograph is not what it was when it was ingested.
    """
    for folder in {photograph.folder for photograph in photographs}:
        (target / folder).mkdir(parents=True, exist_ok=True)
    write = partial(_write_photograph, source=source, make=make, target=target)
    return map_in_processes(write, photographs, workers)


def make_rows(
    photograph: Photograph, data: bytes, make: Make
) -> list[tuple[Row, bytes]]:
    """The manifest's row and the JPEG of each image of a photograph."""
    return [
        (_row(photograph, copy, *image), image[1])
        for copy, image in enumerate(make(data, photograph.photo_id))
    ]


def remake_photograph(
    photograph: Photograph, source: PhotographFolder, make: Make
) -> tuple[list[Row], str]:
    """The manifest's rows of a photograph, or none and what is wrong with it."""
    data, problem = source.try_ingested(photograph.path, photograph.photo_id)
    images = [] if problem else make_rows(photograph, data, make)
    return [row for row, _ in images], problem


def _write_photograph(
    photograph: Photograph, source: PhotographFolder, make: Make, target: Path
) -> list[Row]:
    data = source.read_ingested(photograph.path, photograph.photo_id)
    images = make_rows(photograph, data, make)
    for row, jpeg in images:
        (target / row["path"]).write_bytes(jpeg)
    return [row for row, _ in images]


def _row(
    photograph: Photograph,
    copy: int,
    recipe: dict[str, Any],
    jpeg: bytes,
    sha256_pixels: str,
) -> Row:
    image_id = f"{photograph.photo_id}_{copy}"
    return {
        "image_id": image_id,
        "photo_id": photograph.photo_id,
        "copy": copy,
        "label": photograph.label,
        "split": photograph.split,
        "path": f"{photograph.folder}/{image_id}.jpg",
        "sha256": hashlib.sha256(jpeg).hexdigest(),
        "sha256_pixels": sha256_pixels,
        "recipe": json.dumps(recipe),
    }
