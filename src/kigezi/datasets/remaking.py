"""Make the images of a dataset once more, to be compared with the stored ones."""

from collections.abc import Iterator
from functools import partial

import pandas as pd
import pyarrow as pa

from kigezi.datasets.contents import as_tables
from kigezi.datasets.workers import map_in_processes
from kigezi.datasets.writing import Photograph, Row, remake_photograph
from kigezi.photos.building import DatasetBuild
from kigezi.progress import progress


def remake_images(
    build: DatasetBuild, workers: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make every image of a build in memory; nothing is written.

    Args:
        build: What to make, and of which photographs.
        workers: Processes; with 1 the work is done in this one.

    Returns:
        The rows that the manifest should have, and `path, photo_id, problem` of every
        photograph that is not what it was when it was ingested.
    """
    photographs = [Photograph(*row) for row in build.rows()]
    remake = partial(remake_photograph, source=build.folder, make=build.make)
    done = map_in_processes(remake, photographs, workers)
    shown = progress(done, len(photographs), "verify: photographs")
    faults: list[tuple[str, str, str]] = []

    def rows() -> Iterator[list[Row]]:
        for photograph, (images, problem) in zip(photographs, shown, strict=True):
            if problem:
                faults.append((photograph.path, photograph.photo_id, problem))
            yield images

    made = pa.concat_tables(as_tables(rows())).to_pandas()
    return made, pd.DataFrame(faults, columns=["path", "photo_id", "problem"])
