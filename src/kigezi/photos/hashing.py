"""Perceptual hashes, which are nearly equal where two photographs look alike.

The hash is pHash (https://www.hackerfactor.com/blog/index.php?/archives/432-Looks-Like-It.html):
which of the 64 lowest frequencies of a small grey image are above their median. A
mirrored or turned photograph has the same frequencies, some with the other sign, so one
transform gives the hashes of all 8 orientations, which libraries would compute 8 times.
"""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.fft import dctn

from kigezi.streaming import Map

ORIENTATIONS = 8
"""upright and mirrored in 4 directions; see `oriented`"""

SIDE = 32
"""pixels of the small image"""
_LOWEST = 8
"""frequencies in each direction"""
_PART = 2048
"""photographs that one call compares with all that follow"""
_TILE = (64, 4096)
"""photographs that are compared with each other at a time, so that it takes 2 MB"""

Hashes = npt.NDArray[np.uint64]
Columns = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp]]


def oriented(array: npt.NDArray, orientation: int) -> npt.NDArray:
    """A square array in one of 8 orientations; 0 leaves it as it is."""
    array = array.T if orientation & 4 else array
    return array[:: -1 if orientation & 1 else 1, :: -1 if orientation & 2 else 1]


def opposite(orientation: int) -> int:
    """The orientation that takes an array in this one back to how it was."""
    rows, columns = orientation & 1, orientation & 2
    # Where rows and columns are exchanged, so are their directions.
    return 4 | rows << 1 | columns >> 1 if orientation & 4 else orientation


def hash_photograph(image: Image.Image) -> str:
    """The hashes of an image in all orientations, 16 hexadecimal digits each."""
    small = image.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    # Whole numbers: what should be 0 is not rounded to either side by a processor.
    transform = np.rint(dctn(np.asarray(small, float))[:_LOWEST, :_LOWEST])
    signs = (-1.0) ** np.arange(_LOWEST)
    hashes = []
    for orientation in range(ORIENTATIONS):
        turned = transform.T if orientation & 4 else transform
        turned = turned * signs[:, None] if orientation & 1 else turned
        turned = turned * signs if orientation & 2 else turned
        hashes.append(np.packbits(turned > np.median(turned)).tobytes().hex())
    return "".join(hashes)


def read_hashes(texts: Sequence[str]) -> Hashes:
    """What `hash_photograph` wrote of n photographs, as an array (n, 8)."""
    data = bytes.fromhex("".join(texts))
    return np.frombuffer(data, ">u8").astype(np.uint64).reshape(-1, ORIENTATIONS)


def close_hashes(hashes: Hashes, most: int, run: Map = map) -> Iterator[Columns]:
    """Pairs of photographs whose hashes differ in few bits, some at a time.

    Args:
        hashes: (n, 8), from `read_hashes`.
        most: Bits of 64 in which they may differ, in the best orientation.
        run: Compares parts of them, in several processes perhaps.

    Yields:
        Arrays of the first photographs, the second ones (each after its first), and
        the orientation of the second in which it looks like the first.
    """
    starts = range(0, len(hashes), _PART)
    later = (hashes[start:] for start in starts)
    for start, found in zip(
        starts, run(partial(_close, most=most), later), strict=True
    ):
        first, second, orientation = found
        yield start + first, start + second, orientation


def _close(hashes: Hashes, most: int) -> Columns:
    """The close ones of the first `_PART` photographs and all that follow each."""
    by_orientation = np.ascontiguousarray(hashes.T)
    found = [np.empty((0, 2), np.intp)]
    rows, columns = _TILE
    for top in range(0, len(hashes[:_PART]), rows):
        upright = hashes[:_PART][top : top + rows, :1]
        for left in range(top, len(hashes), columns):
            others = by_orientation[:, left : left + columns]
            close = _fewest_bits(upright, others) <= most
            close = np.triu(close, top - left + 1)
            found.append(np.argwhere(close) + np.array((top, left)))
    first, second = np.concatenate(found).T
    bits = np.bitwise_count(hashes[first, :1] ^ hashes[second])
    return first, second, bits.argmin(axis=1)


def _fewest_bits(upright: Hashes, others: Hashes) -> npt.NDArray[np.uint8]:
    """Bits in which (r, 1) and (8, c) hashes differ in the best orientation, (r, c)."""
    fewest = np.bitwise_count(upright ^ others[0])
    for turned in others[1:]:
        np.minimum(fewest, np.bitwise_count(upright ^ turned), out=fewest)
    return fewest
