"""Write the images of many photographs in several processes.

Workers import this module, so it imports neither Kedro nor pandas.
"""

import hashlib
import json
import multiprocessing
import os
import signal
import sys
import threading
import types
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from kigezi.errors import DataError
from kigezi.folders import PhotographFolder
from kigezi.photos.making import Make

Row = dict[str, Any]

_BATCH = 8
"""photographs that a worker is given at a time"""


@dataclass(frozen=True)
class Photograph:
    """What a worker has to know of a photograph."""

    path: str
    photo_id: str
    label: str
    split: str
    folder: str
    """where its images go, relative to the dataset and with `/`"""


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
    if workers == 1:
        yield from map(write, photographs)
        return
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, spawn, initializer=_start_worker)
    try:
        with _without_main():
            batches = pool.map(partial(_write_batch, write), _batches(photographs))
        for rows in batches:
            yield from rows
    finally:
        pool.shutdown(cancel_futures=True)


def usable_processors() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _batches(photographs: Sequence[Photograph]) -> list[Sequence[Photograph]]:
    starts = range(0, len(photographs), _BATCH)
    return [photographs[start : start + _BATCH] for start in starts]


def _write_batch(write: Any, photographs: Sequence[Photograph]) -> list[list[Row]]:
    return [write(photograph) for photograph in photographs]


def _write_photograph(
    photograph: Photograph, source: PhotographFolder, make: Make, target: Path
) -> list[Row]:
    data = _read(source, photograph)
    rows = []
    for copy, (recipe, jpeg, sha256_pixels) in enumerate(
        make(data, photograph.photo_id)
    ):
        image_id = f"{photograph.photo_id}_{copy}"
        path = f"{photograph.folder}/{image_id}.jpg"
        (target / path).write_bytes(jpeg)
        rows.append(
            {
                "image_id": image_id,
                "photo_id": photograph.photo_id,
                "copy": copy,
                "label": photograph.label,
                "split": photograph.split,
                "path": path,
                "sha256": hashlib.sha256(jpeg).hexdigest(),
                "sha256_pixels": sha256_pixels,
                "recipe": json.dumps(recipe),
            }
        )
    return rows


def _read(source: PhotographFolder, photograph: Photograph) -> bytes:
    """The bytes that were ingested; Pillow would decode many changed ones silently."""
    try:
        data = source.read(photograph.path)
    except OSError as error:
        problem = f"cannot be read ({error.strerror or error})"
    else:
        if hashlib.sha256(data).hexdigest() == photograph.photo_id:
            return data
        problem = "has changed"
    raise DataError(
        f"the photograph {photograph.path} in {source.root} {problem} since it was "
        "ingested: run `kedro run --pipeline=ingest` again."
    )


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and end with it even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


@contextmanager
def _without_main() -> Iterator[None]:
    """Start workers that do not import the program that was started.

    They need nothing of it. Kedro's command line takes half a second to import, and a
    script without `if __name__ == "__main__"` would run again in each of them.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
