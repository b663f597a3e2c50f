"""Find pairs of photographs of one subject: proposed cheaply, then compared closely."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

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

_MOST = 200
"""proposed pairs a photograph, beyond which hashes tell nothing apart"""
_HELD = 4096
"""photographs that are held ready to be compared, 17 KB each"""
_NUMBER = re.compile(r"([^\W\d_]*)[\W_]*(\d+)[^\d/]*$")
"""the last number in a path, and the word before it"""


class Pair(NamedTuple):
    """Positions of two photographs that may show one subject."""

    second: int
    first: int
    orientation: int
    proposed_by: str


def propose_pairs(
    paths: list[str], hashes: list[str], distance: int, gap: int
) -> list[Pair]:
    """Pairs worth a closer look, sorted.

    Args:
        paths: Of n photographs.
        hashes: From `hash_photograph`, in the same order.
        distance: Bits of 64 in which two hashes may differ.
        gap: Steps between the numbers of two files of one folder, as in
            `leaf 17.jpg` and `leaf 19.jpg`; 0 proposes none by their numbers.

    Raises:
        DataError: So many hashes are alike that they tell nothing apart.
    """
    # The second photograph may be laid over the first in more than one orientation.
    pairs: set[tuple[int, int, int]] = set()
    for found in close_hashes(read_hashes(hashes), distance):
        pairs |= set(zip(*map(np.ndarray.tolist, found), strict=True))
        if len(pairs) > _MOST * len(paths):
            raise DataError(
                f"more than {_MOST} times as many pairs as photographs look alike: "
                "lower ingest.groups.hash_distance "
                "(conf/base/parameters_ingest.yml) to compare fewer."
            )
    neighbours = set(_neighbours(paths, gap))
    return sorted(
        Pair(b, a, way, "number" if (a, b) in neighbours else "hash")
        for a, b, way in {*pairs, *((a, b, 0) for a, b in neighbours)}
    )


def compare_pairs(
    photographs: pd.DataFrame, pairs: list[Pair], read: Callable[[str], bytes]
) -> pd.DataFrame:
    """The likeness of every pair.

    Args:
        photographs: Rows with `path, label, photo_id`, which pairs count.
        pairs: From `propose_pairs`.
        read: All bytes of the photograph at a path.

    Returns:
        A row a pair with `COLUMNS`, in its best orientation, sorted by falling
        likeness.
    """
    paths = photographs["path"].tolist()

    @lru_cache(_HELD)
    def grey(position: int) -> Grey:
        return read_grey(read(paths[position]))

    spectrum = lru_cache(_HELD)(lambda position: spectrum_of(grey(position)))

    def compare(same_second: list[Pair]) -> list[float]:
        turned = {
            orientation: turned_spectra(
                np.ascontiguousarray(oriented(grey(same_second[0].second), orientation))
            )
            for orientation in {pair.orientation for pair in same_second}
        }
        return [
            likeness(spectrum(pair.first), turned[pair.orientation])
            for pair in same_second
        ]

    groups = [list(same) for _, same in groupby(pairs, attrgetter("second"))]
    # The limit is a global: it is set before threads start.
    with pixel_limit(None), ThreadPoolExecutor() as pool:
        done = progress(
            pool.map(compare, groups), len(groups), "ingest: photographs compared"
        )
        found = [value for values in done for value in values]
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
    photographs: pd.DataFrame, pairs: list[Pair], found: list[float]
) -> pd.DataFrame:
    table = pd.DataFrame(index=range(len(pairs)))
    for number, positions in (
        (1, [pair.first for pair in pairs]),
        (2, [pair.second for pair in pairs]),
    ):
        for column in ("path", "label", "photo_id"):
            table[f"{column}_{number}"] = photographs[column].to_numpy()[positions]
    table["proposed_by"] = [pair.proposed_by for pair in pairs]
    table["orientation"] = [pair.orientation for pair in pairs]
    table["likeness"] = np.array(found, float)
    ranked = ["likeness", "path_1", "path_2"]
    table = table.sort_values(ranked, ascending=[False, True, True])
    best = table.drop_duplicates(["path_1", "path_2"], ignore_index=True)
    return best[COLUMNS]
