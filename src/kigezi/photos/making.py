"""Make the images of one photograph; imported by every worker, so it imports little."""

import hashlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import Image

from kigezi.photos.augmenting import Augmentation, change, draw_changes
from kigezi.photos.geometry import Fit, fit
from kigezi.photos.reading import decode, pixel_limit

MadeImage = tuple[dict[str, Any], bytes, str]
"""the changes made, the JPEG's bytes, and `sha256_pixels` (see `hash_pixels`)"""

Make = Callable[[bytes, str], list[MadeImage]]


def make_images(
    data: bytes, photo_id: str, size: int, how: Fit, augment: Augmentation
) -> list[MadeImage]:
    """Copy 0, which is the photograph at the working size, and its changed copies.

    Args:
        data: The bytes of a photograph that `judge` found usable.
        photo_id: Its sha256, the name that the changes are drawn by.
        size: The working size in pixels.
        how: How the photograph is made square.
        augment: Number and ranges of the copies.
    """
    changes = [
        draw_changes(photo_id, copy, augment) for copy in range(1, augment.copies + 1)
    ]
    with pixel_limit(None):
        photograph = decode(data, size)
        plain = fit(photograph, size, how)
        finest = min(2 * size, *photograph.size)
        larger = finest > size
        source = fit(photograph, finest, how) if larger else plain
    recipes = [{}, *(one.as_dict() for one in changes)]
    pictures = [plain, *change(source, plain, changes)]
    return [
        (recipe, encode(picture, augment.jpeg_quality), hash_pixels(picture))
        for recipe, picture in zip(recipes, pictures, strict=True)
    ]


def hash_pixels(image: Image.Image) -> str:
    """sha256 of mode, size and pixels, as handed to the encoder, not as decoded again.

    It holds across versions of the JPEG library, which the file's own hash may not.
    """
    head = f"{image.mode}:{image.width}x{image.height}:".encode()
    return hashlib.sha256(head + image.tobytes()).hexdigest()


def encode(image: Image.Image, quality: int = 95) -> bytes:
    """The image as the bytes of a JPEG."""
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
