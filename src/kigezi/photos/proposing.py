"""Propose pairs of photographs that may show one subject, to be compared closely."""

import re
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from kigezi.errors import DataError
from kigezi.photos.hashing import ORIENTATIONS, close_hashes, read_hashes
from kigezi.streaming import Map

_MOST = 100
"""proposed pairs a photograph, beyond which hashes tell nothing apart"""
_NUMBER = re.compile(r"([^\W\d_]*)[\W_]*(\d+)[^\d/]*$")
"""the last number in a path, and the word before it"""


def propose_pairs(
    paths: Sequence[str],
    hashes: Sequence[str],
    distance: int,
    gap: int,
    run: Map = map,
) -> pd.DataFrame:
    """Pairs worth a closer look.

    Args:
        paths: Of n photographs.
        hashes: From `hash_photograph`, in the same order.
        distance: Bits of 64 in which two hashes may differ.
        gap: Steps between the numbers of two files of one folder, as in
            `leaf 17.jpg` and `leaf 19.jpg`; 0 proposes none by their numbers.
        run: Does parts of the work, in several processes perhaps.

    Returns:
        Positions `first` and `second` (after its first), the `orientation` of the
        second in which it may look like the first, and whether they are `neighbours`,
        both upright; sorted by second. A pair may stand there in some orientations.

    Raises:
        DataError: So many hashes are alike that they tell nothing apart.
    """
    count = max(len(paths), 1)
    near = np.fromiter(_neighbours(paths, gap), np.dtype((np.int64, 2)))
    keys = [_key(near[:, 0], near[:, 1], 0, count)]
    found = 0
    for first, second, orientation in close_hashes(read_hashes(hashes), distance, run):
        keys.append(_key(first, second, orientation, count))
        found += len(first)
        if found > _MOST * count:
            raise DataError(
                f"more than {_MOST} times as many pairs as photographs look alike: "
                "lower ingest.groups.hash_distance "
                "(conf/base/parameters_ingest.yml) to compare fewer."
            )
    pairs = np.unique(np.concatenate(keys))
    places, orientation = np.divmod(pairs, ORIENTATIONS)
    return pd.DataFrame(
        {
            "first": (places % count).astype(np.int32),
            "second": (places // count).astype(np.int32),
            "orientation": orientation.astype(np.int8),
            "neighbours": np.isin(pairs, keys[0]),
        }
    )


def _key(
    first: npt.NDArray[np.int64],
    second: npt.NDArray[np.int64],
    orientation: npt.NDArray[np.int64] | int,
    count: int,
) -> npt.NDArray[np.int64]:
    """One number a pair, which sorts by second, first and orientation."""
    return (second * count + first) * ORIENTATIONS + orientation


def _neighbours(paths: Sequence[str], gap: int) -> Iterator[tuple[int, int]]:
    """Positions of files of one folder and one beginning whose numbers are close."""
    numbered = sorted(
        (path.rpartition("/")[0], match[1], int(match[2]), at)
        for at, path in enumerate(paths)
        if (match := _NUMBER.search(path))
    )
    for place, (*series, number, at) in enumerate(numbered):
        # Not all of them: names may end in a number that means something else.
        for later in range(place + 1, min(place + 1 + 2 * gap, len(numbered))):
            *other_series, other_number, other = numbered[later]
            if other_series != series or other_number > number + gap:
                break
            yield min(at, other), max(at, other)
