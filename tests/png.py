"""PNG files made part by part, with right checksums over whatever stands in them."""

import struct
import zlib

from hypothesis import strategies
from hypothesis.strategies import SearchStrategy

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_EXTRAS = (b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"eXIf", b"pHYs", b"tEXt", b"acTL")
_LENGTHS = (0, 1, 2, 4, 6, 8, 9, 26, 48, 256, 300, 768, 900)


def png(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG with these parts."""
    parts = [
        struct.pack(">I", len(data))
        + name
        + data
        + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def header(width: int, height: int, depth: int = 8, color: int = 2) -> bytes:
    """The contents of IHDR."""
    return struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)


def _contents() -> SearchStrategy[bytes]:
    return strategies.builds(
        lambda length, pattern: (pattern * length)[:length],
        strategies.sampled_from(_LENGTHS),
        strategies.binary(min_size=1, max_size=8),
    )


def _extras() -> SearchStrategy[list[tuple[bytes, bytes]]]:
    names = strategies.sampled_from((b"tRNS", b"tRNS", b"PLTE", *_EXTRAS))
    return strategies.lists(strategies.tuples(names, _contents()), max_size=3)


@strategies.composite
def odd_png(draw: strategies.DrawFn) -> bytes:
    """All pixels are there, and around them stands what no encoder would write."""
    color = draw(strategies.sampled_from(list(_CHANNELS)))
    depth = draw(strategies.sampled_from((8, 8, 1, 2, 4, 16)))
    row = bytes(1) + bytes(range(20 * 8))[: (20 * _CHANNELS[color] * depth + 7) // 8]
    palette = [(b"PLTE", draw(_contents()))] if color == 3 else []
    chunks = [
        (b"IHDR", header(20, 20, depth, color)),
        *palette,
        *draw(_extras()),
        (b"IDAT", zlib.compress(row * 20)),
        *draw(_extras()),
        (b"IEND", b""),
    ]
    return png(chunks)
