"""Decode a photograph, always in the same way, whatever the camera made of it."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageFile

from kigezi.errors import DataError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
"""formats that are admitted; a phone's MPO is opened as JPEG"""

BACKGROUND = (255, 255, 255)
"""colour that shows where a photograph is transparent"""

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@contextmanager
def pixel_limit(maximum_megapixels: float | None) -> Iterator[None]:
    """Let Pillow refuse any image or frame above the limit before it takes memory.

    Both settings are Pillow's and Python's globals: set them before threads start.

    Args:
        maximum_megapixels: Millions of pixels, or None for bytes known to be good.

    Raises:
        DataError: Something made Pillow accept photographs that are cut short.
    """
    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise DataError(
            "PIL.ImageFile.LOAD_TRUNCATED_IMAGES is True, so photographs that are cut "
            "short would pass as whole: leave it False."
        )
    before = Image.MAX_IMAGE_PIXELS
    limit = None if maximum_megapixels is None else int(maximum_megapixels * 1e6)
    Image.MAX_IMAGE_PIXELS = limit
    try:
        with warnings.catch_warnings():
            # What Pillow only warns of (broken EXIF and the like) loads all the same.
            warnings.filterwarnings("ignore", module="PIL")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def open_photograph(data: bytes) -> Image.Image:
    """Open by content, in admitted formats only; pixels are not decoded yet."""
    return Image.open(BytesIO(data), formats=FORMATS)


def decode(data: bytes, size: int) -> Image.Image:
    """The photograph upright, in RGB, and not much larger than it has to be.

    A JPEG is decoded at a half, a quarter or an eighth where that still leaves twice
    `size` on its shorter side. Transparency is laid over white, and of an animation
    the first frame is taken.

    Args:
        data: The bytes of the file.
        size: The working size in pixels that the photograph will be fitted to.
    """
    image = open_photograph(data)
    turn = orientation(image)
    image.draft(None, (2 * size, 2 * size))
    image = turn_upright(to_rgb(image), turn)
    # Comments, profiles and places of a photograph do not go into what is made of it.
    image.info = {}
    return image


def orientation(image: Image.Image) -> int:
    """EXIF's orientation, 1 to 8; 1, upright, when there is none that makes sense."""
    with suppress(Exception):  # EXIF is written by anything, so it may hold anything
        value = image.getexif().get(ExifTags.Base.Orientation)
        return value if value in _UPRIGHT else 1
    return 1


def turn_upright(image: Image.Image, turn: int) -> Image.Image:
    """The image as it should be looked at, from what `orientation` says of it."""
    way = _UPRIGHT.get(turn)
    return image if way is None else image.transpose(way)


def when_and_by(image: Image.Image) -> tuple[str, str]:
    """When the photograph was taken, in ISO 8601, and by which camera; empty: unknown.

    EXIF has the camera's own clock, without a time zone. When the file was last changed
    is not asked: a program may have changed many at once.
    """
    taken = camera = ""
    with suppress(Exception):  # EXIF is written by anything, so it may hold anything
        exif = image.getexif()
        details = exif.get_ifd(ExifTags.IFD.Exif)
        names = (exif.get(ExifTags.Base.Make), exif.get(ExifTags.Base.Model))
        parts = (*names, details.get(ExifTags.Base.BodySerialNumber))
        camera = " ".join(str(part).strip("\0 ") for part in parts if part)
        said = str(details.get(ExifTags.Base.DateTimeOriginal, "")).strip("\0 ")
        taken = datetime.strptime(said, "%Y:%m:%d %H:%M:%S").isoformat()
    return taken, camera


def to_rgb(image: Image.Image) -> Image.Image:
    """The image in RGB by one rule for every mode; see `decode`."""
    if image.mode == "I" or image.mode.startswith("I;16"):
        high_bytes = np.asarray(image).astype(np.uint16) >> 8
        return Image.fromarray(high_bytes.astype(np.uint8)).convert("RGB")
    # Loading completes what is known of transparency.
    image.load()
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    layers = image.convert("RGBA")
    flat = Image.new("RGB", image.size, BACKGROUND)
    flat.paste(layers, mask=layers)
    return flat


def decode_stored(data: bytes) -> npt.NDArray[np.uint8]:
    """The (side, side, 3) RGB pixels, 0 to 255, of an image that the project wrote."""
    with Image.open(BytesIO(data), formats=["JPEG"]) as image:
        return np.asarray(image)
