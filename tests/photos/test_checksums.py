import pytest

from kigezi.photos.checksums import check_png
from tests.pictures import encoded, picture

DATA = encoded(picture(1, (200, 200)), "PNG")
FIRST = DATA.index(b"IDAT") + 4


def test_what_was_written_passes() -> None:
    check_png(DATA)
    check_png(DATA[:-12])


@pytest.mark.parametrize("part", range(1, 10))
def test_a_changed_bit_anywhere_in_the_pixels_is_found(part: int) -> None:
    data = bytearray(DATA)
    data[FIRST + (len(DATA) - 16 - FIRST) * part // 10] ^= 1
    with pytest.raises(ValueError, match="do not match their checksum"):
        check_png(bytes(data))


def test_a_wrong_checksum_over_right_pixels_passes() -> None:
    size = int.from_bytes(DATA[FIRST - 8 : FIRST - 4], "big")
    data = bytearray(DATA)
    data[FIRST + size : FIRST + size + 4] = bytes(4)
    check_png(bytes(data))
