"""Find pairs of photographs of one subject: proposed cheaply, then compared closely."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
import pandas as pd

from kigezi.errors import DataError
from kigezi.photos.hashing import close_hashes, oriented, read_hashes
from kigezi.photos.likeness import (
    Grey,
    likeness,
    read_grey,
    spectrum_of,
    turned_spectra,
)
from kigezi.photos.reading import pixel_limit
from kigezi.progress import progress

COLUMNS = [
    *("path_1", "path_2", "label_1", "label_2", "photo_id_1", "photo_id_2"),
    *("proposed_by", "orientation", "likeness"),
]
"""of a table of pairs; orientation is that of the second photograph, see `oriented`"""

_PAIR = ("first", "second", "orientation")
_MOST = 100
"""proposed pairs a photograph, beyond which hashes tell nothing apart"""
_HELD = 4096
"""photographs that are held ready to be compared, 17 KB each"""
_NUMBER = re.compile(r"([^\W\d_]*)[\W_]*(\d+)[^\d/]*$")
"""the last number in a path, and the word before it"""


def propose_pairs(
    paths: list[str], hashes: list[str], distance: int, gap: int
) -> pd.DataFrame:
    """Pairs worth a closer look.

    Args:
        paths: Of n photographs.
        hashes: From `hash_photograph`, in the same order.
        distance: Bits of 64 in which two hashes may differ.
        gap: Steps between the numbers of two files of one folder, as in
            `leaf 17.jpg` and `leaf 19.jpg`; 0 proposes none by their numbers.

    Returns:
        Positions `first` and `second` (after its first), the `orientation` of the
        second in which it may look like the first, and whether they are `neighbours`,
        both upright; sorted by second. A pair may stand there in some orientations.

    Raises:
        DataError: So many hashes are alike that they tell nothing apart.
    """
    near = np.array(sorted(_neighbours(paths, gap)), np.intp).reshape(-1, 2)
    found = [np.column_stack([near, np.zeros(len(near), np.intp)])]
    count = 0
    for columns in close_hashes(read_hashes(hashes), distance):
        found.append(np.column_stack(columns))
        count += len(found[-1])
        if count > _MOST * len(paths):
            raise DataError(
                f"more than {_MOST} times as many pairs as photographs look alike: "
                "lower ingest.groups.hash_distance "
                "(conf/base/parameters_ingest.yml) to compare fewer."
            )
    pairs = pd.DataFrame(np.concatenate(found), columns=list(_PAIR))
    pairs["neighbours"] = pairs.index < len(near)
    # Neighbours come first, so that it is known of them.
    return pairs.drop_duplicates(list(_PAIR)).sort_values(
        ["second", "first", "orientation"], ignore_index=True
    )


def compare_pairs(
    photographs: pd.DataFrame, pairs: pd.DataFrame, read: Callable[[str], bytes]
) -> pd.DataFrame:
    """The likeness of every pair.

    Args:
        photographs: Rows with `path, label, photo_id`, which pairs count.
        pairs: From `propose_pairs`.
        read: All bytes of the photograph at a path.

    Returns:
        Of each row of the pairs: `COLUMNS`.
    """
    paths = photographs["path"].tolist()

    @lru_cache(_HELD)
    def grey(position: int) -> Grey:
        return read_grey(read(paths[position]))

    spectrum = lru_cache(_HELD)(lambda position: spectrum_of(grey(position)))

    def compare(second: int, ends: list[tuple[int, int]]) -> Iterator[float]:
        turned = {
            way: turned_spectra(np.ascontiguousarray(oriented(grey(second), way)))
            for way in {way for _, way in ends}
        }
        return (likeness(spectrum(first), turned[way]) for first, way in ends)

    by_second: dict[int, list[tuple[int, int]]] = {}
    for second, first, way in pairs[["second", "first", "orientation"]].to_numpy():
        by_second.setdefault(int(second), []).append((int(first), int(way)))
    shown = progress(by_second.items(), len(by_second), "ingest: photographs compared")
    # Threads would only wait for each other: most of it is Python.
    with pixel_limit(None):
        found = [value for of_second in shown for value in compare(*of_second)]
    return _table(photographs, pairs, found)


def _neighbours(paths: list[str], gap: int) -> Iterator[tuple[int, int]]:
    """Positions of files of one folder and one beginning whose numbers are close."""
    matches = [(_NUMBER.search(path), path, at) for at, path in enumerate(paths)]
    numbered = sorted(
        (path.rpartition("/")[0], match[1], int(match[2]), at)
        for match, path, at in matches
        if match
    )
    for place, (*series, number, at) in enumerate(numbered):
        # Not all of them: names may end in a number that means something else.
        for later in range(place + 1, min(place + 1 + 2 * gap, len(numbered))):
            *other_series, other_number, other = numbered[later]
            if other_series != series or other_number > number + gap:
                break
            yield min(at, other), max(at, other)


def _table(
    photographs: pd.DataFrame, pairs: pd.DataFrame, found: list[float]
) -> pd.DataFrame:
    table = pairs[["orientation"]].assign(likeness=np.array(found, float))
    for number, end in ((1, "first"), (2, "second")):
        for column in ("path", "label", "photo_id"):
            table[f"{column}_{number}"] = photographs[column].to_numpy()[pairs[end]]
    table["proposed_by"] = np.where(pairs["neighbours"], "number", "hash")
    return table[COLUMNS]
