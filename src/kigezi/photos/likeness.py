"""How alike two photographs are, once one is turned and shifted over the other.

A perceptual hash sees light and shade, and leaves of one kind on one background look
alike to it. Here only fine structure counts (veins, spots, torn edges): what is left
of a grey image of 64 px when its coarse light and shade are taken away and its contrast
is made the same everywhere. Two such images are correlated over turns and shifts
(normalized cross-correlation by Fourier transforms: Lewis, 1995, "Fast normalized
cross-correlation").

Among so many turns and shifts some fit by chance, the better, the less structure there
is: pictures without veins or spots far better than a leaf. So the largest correlation
is counted from what strangers reach, as in Cohen's kappa (1960, "A coefficient of
agreement for nominal scales"); how far correlations spread shows what that is.
"""

from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import groupby
from operator import itemgetter

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.fft import irfft2, rfft2
from scipy.ndimage import gaussian_filter

from kigezi.photos.hashing import opposite, oriented
from kigezi.photos.reading import decode

LIKENESS_VERSION = 2
"""to be raised with every change of the code that changes a likeness"""

SIDE = 64
"""pixels of the images that are compared"""

_TURNS = tuple(range(-24, 25, 4))
"""degrees by which the second photograph is turned"""
_SHIFT = 12
"""pixels by which it is shifted at most, in each direction"""
_FINE = 2
"""standard deviation in pixels of what counts as coarse light and shade"""
_CHANCE = 8
"""standard deviations of all correlations, which one of some 100 strangers reaches"""
_MOST_CHANCE = 0.9
"""largest correlation taken for chance, so that equal photographs are always alike"""
_FLOOR = 4
"""grey levels below which structure is taken for noise"""
_HELD = 256
"""spectra of first photographs that are held, 17 KB each"""

Spectrum = npt.NDArray[np.complex64]
Grey = npt.NDArray[np.uint8]
"""(64, 64)"""
Greys = npt.NDArray[np.uint8]
"""(n, 64, 64)"""
Structure = npt.NDArray[np.float32]
Task = tuple[Greys, npt.NDArray[np.integer]]
"""(n, 64, 64) photographs from `read_grey`, and the (m, 3) pairs of them to compare

A pair is the first and second of the n, and the orientation of the second in which it
may look like the first; see `oriented`.
"""


def read_grey(data: bytes) -> Grey:
    """The (64, 64) grey levels of a whole photograph, proportions left aside."""
    image = decode(data, SIDE).convert("L")
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX))


def likenesses(task: Task) -> list[float]:
    """The likeness of every pair; fast where pairs of one second follow each other.

    Workers call it, so this module imports neither Kedro nor pandas.
    """
    greys, pairs = task

    @lru_cache(_HELD)
    def spectrum(first: int, orientation: int) -> Spectrum:
        return spectrum_of(np.ascontiguousarray(oriented(greys[first], orientation)))

    def of_second(second: int, ends: Iterator[list[int]]) -> Iterator[float]:
        turned = turned_spectra(greys[second])
        # It is the first that is turned back, for that needs one spectrum.
        return (likeness(spectrum(one, opposite(way)), turned) for one, _, way in ends)

    by_second = groupby(pairs.tolist(), itemgetter(1))
    return [value for second, ends in by_second for value in of_second(second, ends)]


def spectrum_of(grey: Grey) -> Spectrum:
    """The (64, 33) spectrum of a photograph's fine structure."""
    return rfft2(_windowed(_structure(grey)))


def turned_spectra(grey: Grey) -> Spectrum:
    """The spectra of a photograph in all turns: (turns, 64, 33)."""
    image = Image.fromarray(_structure(grey))
    turned = [image.rotate(turn, Image.Resampling.BILINEAR) for turn in _TURNS]
    return rfft2(np.stack([_windowed(np.asarray(one)) for one in turned]))


def likeness(first: Spectrum, turned: Spectrum) -> float:
    """How far the largest correlation is above chance.

    It has 3 digits, so that processors that round differently agree.

    Args:
        first: From `spectrum_of`.
        turned: From `turned_spectra`.

    Returns:
        1 for equal photographs, about 0 for the most alike of some 100 strangers,
        less (above -10) for others, 0 where there is no structure at all.
    """
    correlations = irfft2(first.conj() * turned, s=(SIDE, SIDE))
    near = np.arange(-_SHIFT, _SHIFT + 1)
    largest = correlations[:, near[:, None], near].max()
    chance = min(_CHANCE * float(np.sqrt(np.square(correlations).mean())), _MOST_CHANCE)
    return round((float(largest) - chance) / (1 - chance), 3)


def _structure(grey: Grey) -> Structure:
    fine = grey.astype(np.float32)
    fine -= gaussian_filter(fine, _FINE)
    return fine / (np.sqrt(gaussian_filter(fine * fine, 2 * _FINE)) + _FLOOR)


def _windowed(structure: Structure) -> Structure:
    """What is inside a circle, with mean 0 and length 1 (all 0 where nothing is)."""
    seen = structure * _circle()
    seen -= seen.mean()
    # The length of a photograph is 20 or more, that of a plain one's rounding is not.
    return seen / max(float(np.linalg.norm(seen)), 1e-3)


@cache
def _circle() -> Structure:
    """1 in the middle, falling to 0 at the circle that stays inside in any turn."""
    place = np.arange(SIDE) - (SIDE - 1) / 2
    inside = (SIDE / 2 - 1 - np.hypot(place[:, None], place)) / (SIDE / 8)
    return ((1 - np.cos(np.pi * np.clip(inside, 0, 1))) / 2).astype(np.float32)
