"""Images of other things than the classes: drawn ones, to try an "unsure" on."""

import numpy as np
import numpy.typing as npt
from PIL import Image

from kigezi.photos.geometry import FILTER
from kigezi.photos.patterns import PATTERNS, draw_pattern

_SEED = 20_240_229
"""of a collection that no backbone was pretrained on"""

_DRAWN = 160
"""side in pixels that they are drawn at, before they are made as large as the others"""


def draw_unknown(count: int, size: int) -> npt.NDArray[np.uint8]:
    """Draw patterns of as many kinds as there are, always the same ones.

    Args:
        count: How many.
        size: Side of the square images in pixels.

    Returns:
        (count, size, size, 3), RGB from 0 to 255.
    """
    images = np.empty((count, size, size, 3), np.uint8)
    step = 7  # neighbours in the list are alike; 7 has no divisor with its length
    for place in range(count):
        label = PATTERNS[place * step % len(PATTERNS)]
        drawn = draw_pattern(label, place, _SEED, _DRAWN)
        images[place] = Image.fromarray(drawn).resize((size, size), FILTER)
    return images
