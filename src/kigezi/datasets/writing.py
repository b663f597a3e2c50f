"""Make the images of many photographs, and write them.

Workers import this module, so it imports neither Kedro nor pandas.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from kigezi.datasets.workers import map_in_processes
from kigezi.errors import DataError
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
    photograph: Photograph, source: PhotographFolder, make: Make
) -> tuple[list[tuple[Row, bytes]], str]:
    """The manifest's row and the JPEG of each image, or none and what is wrong.

    A photograph is only used with the bytes that were ingested, for Pillow would decode
    many changed ones silently.
    """
    try:
        data = source.read(photograph.path)
    except OSError as error:
        return [], f"cannot be read ({error.strerror or error})"
    if hashlib.sha256(data).hexdigest() != photograph.photo_id:
        return [], "has changed since it was ingested"
    images = make(data, photograph.photo_id)
    rows = [
        (_row(photograph, copy, recipe, jpeg, sha256_pixels), jpeg)
        for copy, (recipe, jpeg, sha256_pixels) in enumerate(images)
    ]
    return rows, ""


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


def _write_photograph(
    photograph: Photograph, source: PhotographFolder, make: Make, target: Path
) -> list[Row]:
    images, problem = make_rows(photograph, source, make)
    if problem:
        raise DataError(
            f"the photograph {photograph.path} in {source.root} {problem}: run "
            "`kedro run --pipeline=ingest` again."
        )
    for row, jpeg in images:
        (target / row["path"]).write_bytes(jpeg)
    return [row for row, _ in images]


def remake_photograph(
    photograph: Photograph, source: PhotographFolder, make: Make
) -> tuple[list[Row], str]:
    """The manifest's rows of a photograph, or none and what is wrong with it."""
    images, problem = make_rows(photograph, source, make)
    return [row for row, _ in images], problem
