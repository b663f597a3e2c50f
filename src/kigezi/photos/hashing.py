"""Perceptual hashes, which are nearly equal where two photographs look alike.

The hash is pHash (https://www.hackerfactor.com/blog/index.php?/archives/432-Looks-Like-It.html):
which of the 64 lowest frequencies of a small grey image are above their median. A
mirrored or turned photograph has the same frequencies, some with the other sign, so one
transform gives the hashes of all 8 orientations, which libraries would compute 8 times.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.fft import dctn

ORIENTATIONS = 8
"""upright and mirrored in 4 directions; see `oriented`"""

SIDE = 32
"""pixels of the small image"""
_LOWEST = 8
"""frequencies in each direction"""
_ROWS = 64
"""photographs that are compared with all others at a time"""

Hashes = npt.NDArray[np.uint64]


def oriented(array: npt.NDArray, orientation: int) -> npt.NDArray:
    """A square array in one of 8 orientations; 0 leaves it as it is."""
    array = array.T if orientation & 4 else array
    return array[:: -1 if orientation & 1 else 1, :: -1 if orientation & 2 else 1]


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


def close_hashes(
    hashes: Hashes, most: int
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Pairs of photographs whose hashes differ in few bits, some rows at a time.

    Args:
        hashes: (n, 8), from `read_hashes`.
        most: Bits of 64 in which they may differ, in the best orientation.

    Yields:
        Arrays of the first photographs, the second ones (each after its first), and
        the orientation of the second in which it looks like the first.
    """
    by_orientation = np.ascontiguousarray(hashes.T)
    for start in range(0, len(hashes), _ROWS):
        upright = hashes[start : start + _ROWS, :1]
        others = by_orientation[:, start:]
        fewest = np.bitwise_count(upright ^ others[0])
        for turned in others[1:]:
            np.minimum(fewest, np.bitwise_count(upright ^ turned), out=fewest)
        first, second = np.nonzero(np.triu(fewest <= most, 1))
        bits = np.bitwise_count(upright[first] ^ hashes[start + second])
        yield start + first, start + second, bits.argmin(axis=1)
