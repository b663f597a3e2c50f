"""Compare proposed pairs of photographs closely: how alike are the two of each?"""

from collections.abc import Iterator
from itertools import chain, islice

import numpy as np
import numpy.typing as npt
import pandas as pd

from kigezi.folders import PhotographFolder
from kigezi.photos.likeness import Grey, Greys, Task, likenesses, read_grey
from kigezi.photos.surveying import in_threads
from kigezi.progress import progress
from kigezi.streaming import Map

COLUMNS = [
    *("path_1", "path_2", "label_1", "label_2", "photo_id_1", "photo_id_2"),
    *("proposed_by", "orientation", "likeness"),
]
"""of named pairs; orientation is that of the second photograph, see `oriented`"""

_TOGETHER = 512
"""pairs that one call compares, for which 4 KB of each photograph are handed over"""
_PART = 32 * _TOGETHER
"""pairs after which what was found is handed on, which takes some seconds"""


def fill_greys(
    greys: Greys,
    photographs: pd.DataFrame,
    positions: npt.NDArray[np.integer],
    folder: PhotographFolder,
) -> None:
    """Read photographs once, however many they are compared with.

    Args:
        greys: (n, 64, 64), where the photographs at these positions are put.
        photographs: n rows with `path, photo_id`.
        positions: Which of them are needed.
        folder: Where they are.

    Raises:
        DataError: A photograph is not what it was when it was ingested.
    """

    def read(name: tuple[str, str]) -> Grey:
        return read_grey(folder.read_ingested(*name))

    needed = photographs[["path", "photo_id"]].iloc[positions]
    found = in_threads(read, needed.itertuples(index=False, name=None))
    shown = progress(found, len(needed), "ingest: photographs made small")
    for position, grey in zip(positions, shown, strict=True):
        greys[position] = grey


def compare_pairs(
    pairs: pd.DataFrame, greys: Greys, run: Map = map
) -> Iterator[pd.DataFrame]:
    """The likeness of every pair, part by part, so that each can be kept.

    Args:
        pairs: From `propose_pairs`, or the last of them.
        greys: From `fill_greys`; only few of them are held in memory if it is mapped.
        run: Does parts of the work, in several processes perhaps.

    Yields:
        Their rows with `likeness`; the first part may be empty, others are not.
    """
    ends = pairs[["first", "second", "orientation"]].to_numpy()
    starts = range(0, len(ends), _TOGETHER)
    tasks = (_task(ends[start : start + _TOGETHER], greys) for start in starts)
    found = chain.from_iterable(run(likenesses, tasks))
    values = progress(found, len(ends), "ingest: comparisons")
    for start in range(0, max(len(pairs), 1), _PART):
        part = pairs[start : start + _PART]
        yield part.assign(likeness=np.array(list(islice(values, len(part))), float))
    next(values, None)  # says how long it took


def name_pairs(photographs: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs with what they are pairs of.

    Args:
        photographs: Rows with `path, label, photo_id`, which the pairs count.
        pairs: Rows with `first, second, neighbours`.

    Returns:
        `COLUMNS` and, if the pairs are confirmed, `one_subject`.
    """
    table = pairs.reset_index(drop=True)
    for number, end in ((1, "first"), (2, "second")):
        rows = photographs[["path", "label", "photo_id"]].iloc[pairs[end]]
        table = table.join(rows.add_suffix(f"_{number}").reset_index(drop=True))
    table["proposed_by"] = np.where(table["neighbours"], "number", "hash")
    return table[[*COLUMNS, *table.columns.intersection(["one_subject"])]]


def _task(ends: npt.NDArray[np.integer], greys: Greys) -> Task:
    """Pairs with the photographs that they are of, which they count from 0."""
    needed, places = np.unique(ends[:, :2], return_inverse=True)
    return greys[needed], np.column_stack([places.reshape(-1, 2), ends[:, 2]])
