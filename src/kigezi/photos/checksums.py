"""Find bits of a PNG that changed: Pillow decodes pixels without their checksums."""

import zlib
from collections.abc import Iterator

_HEAD = len(b"\x89PNG\r\n\x1a\n")
_NAMED = zlib.crc32(b"IDAT")
_MOST_AT_ONCE = 1024 * 1024


def check_png(data: bytes) -> None:
    """See that the pixels of a PNG are those that were written.

    A wrong checksum over right pixels passes: the second one, inside, is believed.
    Formats without checksums, as JPEG, keep such changes to themselves.

    Args:
        data: All bytes of a PNG that Pillow could decode.

    Raises:
        ValueError: They are not.
    """
    chunks = list(_pixel_chunks(data))
    if all(zlib.crc32(pixels, _NAMED) == check for pixels, check in chunks):
        return
    stream = zlib.decompressobj()
    try:
        for pixels, _ in chunks:
            rest = pixels
            # In pieces, so that a bomb does not fill the memory.
            while rest and not stream.eof:
                stream.decompress(rest, _MOST_AT_ONCE)
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
