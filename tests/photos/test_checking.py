import pytest

from kigezi.photos.checking import MOST_SCANS, check_bytes
from tests.pictures import encoded, picture

DATA = encoded(picture(1, (200, 200)), "PNG")
FIRST = DATA.index(b"IDAT") + 4


def test_what_was_written_passes() -> None:
    check_bytes(DATA, "PNG")
    check_bytes(DATA[:-12], "PNG")


@pytest.mark.parametrize("part", range(1, 10))
def test_a_changed_bit_anywhere_in_the_pixels_is_found(part: int) -> None:
    data = bytearray(DATA)
    data[FIRST + (len(DATA) - 16 - FIRST) * part // 10] ^= 1
    with pytest.raises(ValueError, match="do not match their checksum"):
        check_bytes(bytes(data), "PNG")


def test_a_wrong_checksum_over_right_pixels_passes() -> None:
    size = int.from_bytes(DATA[FIRST - 8 : FIRST - 4], "big")
    data = bytearray(DATA)
    data[FIRST + size : FIRST + size + 4] = bytes(4)
    check_bytes(bytes(data), "PNG")


def test_a_jpeg_with_too_many_scans_is_not_decoded() -> None:
    data = encoded(picture(1, (200, 200)), progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    check_bytes(data, "JPEG")
    check_bytes(data[:-2] + scan * (MOST_SCANS - 20) + data[-2:], "JPEG")
    with pytest.raises(ValueError, match="more than 500 scans"):
        check_bytes(data[:-2] + scan * MOST_SCANS + data[-2:], "MPO")


def test_bytes_behind_a_photograph_are_no_scans() -> None:
    check_bytes(encoded(picture(1)) + b"\xff\xda film" * 1000, "JPEG")


@pytest.mark.parametrize("end", range(0, len(DATA), 997))
def test_a_png_cut_anywhere_is_left_to_pillow(end: int) -> None:
    check_bytes(DATA[:end], "PNG")
