"""Find in a file's bytes what Pillow's decoders do not look for."""

import re
import zlib
from collections.abc import Iterator

MOST_SCANS = 500
"""of a JPEG; encoders write about ten"""

_SCAN = re.compile(rb"\xff\xda\0[\x08\x0a\x0c\x0e]")
_HEAD = len(b"\x89PNG\r\n\x1a\n")
_NAMED = zlib.crc32(b"IDAT")
_AT_ONCE = 1024 * 1024
_MOST_PIXEL_BYTES = 1000 * _AT_ONCE


def check_bytes(data: bytes, kind: str | None) -> None:
    """Refuse bytes that would decode for ever, or to other pixels than were written.

    Args:
        data: All bytes of a file that Pillow could open.
        kind: Pillow's name of its format.

    Raises:
        ValueError: Says what is wrong.
    """
    if kind == "PNG":
        _check_png(data)
    elif kind in ("JPEG", "MPO"):
        _check_jpeg(data)


def _check_jpeg(data: bytes) -> None:
    """Each scan goes over all pixels, and a few bytes are enough for one more."""
    for number, _ in enumerate(_SCAN.finditer(data), start=1):
        if number > MOST_SCANS:
            raise ValueError(f"it has more than {MOST_SCANS} scans")


def _check_png(data: bytes) -> None:
    """Pillow reads pixels without their checksums.

    A wrong checksum over right pixels passes: the second one, inside, is believed.
    """
    chunks = list(_pixel_chunks(data))
    if all(zlib.crc32(pixels, _NAMED) == check for pixels, check in chunks):
        return
    stream, left = zlib.decompressobj(), _MOST_PIXEL_BYTES
    try:
        for pixels, _ in chunks:
            rest = pixels
            # In pieces, so that a bomb fills neither the memory nor the day.
            while rest and not stream.eof and left > 0:
                left -= len(stream.decompress(rest, _AT_ONCE))
                rest = stream.unconsumed_tail
    except zlib.error as error:
        raise ValueError("its pixels do not match their checksum") from error


def _pixel_chunks(data: bytes) -> Iterator[tuple[memoryview, int]]:
    """The contents and the stored checksums of the chunks that hold pixels."""
    view, place = memoryview(data), _HEAD
    while place + 8 <= len(data):
        stop = place + 8 + int.from_bytes(view[place : place + 4], "big")
        if view[place + 4 : place + 8] == b"IDAT":
            yield view[place + 8 : stop], int.from_bytes(view[stop : stop + 4], "big")
        place = stop + 4
