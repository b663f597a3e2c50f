"""Photographs in every admitted format, and the ways in which they get damaged."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies
from hypothesis.strategies import SearchStrategy
from PIL import ExifTags, Image

from tests.pictures import encoded, picture
from tests.png import odd_png

_FRAMES: dict[str, Any] = {"save_all": True, "append_images": [picture(2), picture(3)]}
_DEEP = Image.fromarray(np.arange(40 * 40, dtype=np.uint16).reshape(40, 40) * 40)


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.DateTime] = "2025:01:02 03:04:05"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime] = 0.01
    return exif


def _sources() -> list[bytes]:
    photograph, alpha = picture(1), picture(1).convert("RGBA")
    alpha.putalpha(picture(2).convert("L"))
    palette = photograph.quantize(16)
    return [
        encoded(photograph, exif=_exif(), comment=b"a leaf", icc_profile=b"junk" * 9),
        encoded(photograph, progressive=True),
        encoded(photograph.convert("CMYK")),
        encoded(photograph.convert("L"), restart_marker_blocks=2),
        encoded(photograph, "MPO", **_FRAMES),
        encoded(photograph, "PNG", exif=_exif()),
        encoded(_DEEP, "PNG"),
        encoded(palette, "PNG", transparency=b"\0\x80"),
        encoded(alpha, "PNG"),
        encoded(photograph.convert("1"), "PNG"),
        encoded(photograph, "PNG", **_FRAMES),
        encoded(photograph, "GIF", **_FRAMES),
        encoded(palette, "GIF", transparency=1, interlace=1),
        encoded(alpha, "WEBP"),
        encoded(photograph, "WEBP", exif=_exif(), lossless=True),
        encoded(photograph, "WEBP", **_FRAMES),
        encoded(photograph, "BMP"),
        encoded(palette, "BMP"),
        encoded(alpha, "BMP"),
    ]


SOURCES = _sources()
"""one photograph of each kind, every one of them usable"""

_STARTS = [b"", *(source[:length] for source in SOURCES for length in (4, 12, 40))]


def _cut(data: bytes, place: int, more: bytes) -> bytes:
    return data[:place]


def _flip(data: bytes, place: int, more: bytes) -> bytes:
    flipped = data[place] ^ (1 << more[0] % 8) if place < len(data) else 0
    return data[:place] + bytes([flipped]) + data[place + 1 :]


def _zero(data: bytes, place: int, more: bytes) -> bytes:
    return data[:place] + bytes(len(more)) + data[place + len(more) :]


def _write(data: bytes, place: int, more: bytes) -> bytes:
    return data[:place] + more + data[place + len(more) :]


def _insert(data: bytes, place: int, more: bytes) -> bytes:
    return data[:place] + more + data[place:]


def _remove(data: bytes, place: int, more: bytes) -> bytes:
    return data[:place] + data[place + len(more) :]


def _swap(data: bytes, place: int, more: bytes) -> bytes:
    return data[place:] + data[:place]


_DAMAGES: list[Callable[[bytes, int, bytes], bytes]] = [
    *(_cut, _flip, _zero, _write, _insert, _remove, _swap),
]


def _places(length: int) -> SearchStrategy[int]:
    """Offsets in the first bytes, the tables, anywhere, and in the last bytes."""
    ends = [min(32, length), min(700, length), length]
    return strategies.one_of(
        *(strategies.integers(0, end) for end in ends),
        strategies.integers(max(0, length - 16), length),
    )


@strategies.composite
def damaged(draw: strategies.DrawFn, sources: list[bytes]) -> bytes:
    """One of the files, damaged once or a few times."""
    data = draw(strategies.sampled_from(sources))
    for _ in range(draw(strategies.integers(1, 3))):
        place = draw(_places(len(data)))
        damage = draw(strategies.sampled_from(_DAMAGES))
        data = damage(data, place, draw(strategies.binary(min_size=1, max_size=40)))
    return data


def _invented() -> SearchStrategy[bytes]:
    return strategies.builds(
        bytes.__add__, strategies.sampled_from(_STARTS), strategies.binary(max_size=200)
    )


def files() -> SearchStrategy[bytes]:
    """Damaged photographs mostly, odd ones, and bytes that only begin like one."""
    return strategies.one_of(*[damaged(SOURCES)] * 7, odd_png(), odd_png(), _invented())
