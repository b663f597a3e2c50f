import zlib

import pytest
from PIL import ExifTags, Image

from kigezi.photos.judging import Judgement, judge
from kigezi.photos.reading import decode, pixel_limit
from tests.pictures import encoded, picture
from tests.png import header, png


def _judge(data: bytes) -> Judgement:
    with pixel_limit(1):
        return judge(data, maximum_megapixels=1, minimum_side=16)


def _png_header(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    return png([(b"IHDR", header(width, height)), *chunks, (b"IDAT", b"")])


def _text_bomb() -> bytes:
    text = b"comment\0\0" + zlib.compress(bytes(5_000_000))
    return _png_header(40, 40, (b"zTXt", text))


def _gif_bomb() -> bytes:
    """A frame that is a thousand times as large as the picture that it is part of."""
    data = bytearray(encoded(picture(1), "GIF"))
    frame = data.index(b",\0\0\0\0")
    data[frame + 5 : frame + 9] = b"\xff\xff\xff\xff"
    return bytes(data)


def _scan_bomb() -> bytes:
    data = encoded(picture(1), progressive=True)
    return data[:-2] + data[data.rindex(b"\xff\xda") : -2] * 600


JPEG = encoded(picture(1, (64, 48)), quality=95)

BAD = {
    "empty": (b"", "empty"),
    "two bytes": (b"\xff\xd8", "damaged"),
    "text": (b"notes on the field\n", "text"),
    "web page": (b"<!DOCTYPE html><html>404</html>", "web page"),
    "svg": (b'<?xml version="1.0"?><svg></svg>', "SVG"),
    "pdf": (b"%PDF-1.7\n...", "PDF"),
    "git lfs": (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    "heic": (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
    "heic of any kind": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC"),
    "avif": (b"\0\0\0\x18ftypavif\0\0\0\0", "AVIF"),
    "avif of any kind": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "AVIF"),
    "heic that lies": (b"\xff\xff\xff\xffftypheic\0\0\0\0", "HEIC"),
    "raw": (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "camera raw"),
    "big tiff": (b"II+\0\x08\0\0\0", "TIFF"),
    "jpeg 2000": (encoded(picture(1), "JPEG2000"), "no photograph"),
    "video": (b"\0\0\0\x18ftypmp42\0\0\0\0", "video"),
    "tiff": (encoded(picture(1), "TIFF"), "TIFF"),
    "eps": (encoded(picture(1), "EPS"), "EPS"),
    "icon": (encoded(picture(1, (32, 32)), "ICO"), "icon"),
    "zip": (b"PK\3\4....", "ZIP"),
    "random": (bytes(range(128, 256)), "no photograph"),
    "bomb": (_png_header(60_000, 60_000), "1 million pixels"),
    "large": (_png_header(1200, 1000), "1 million pixels"),
    "text bomb": (_text_bomb(), "texts in it are too large"),
    "frame bomb": (_gif_bomb(), "1 million pixels"),
    "dot": (encoded(picture(1, (1, 1))), "16 pixels"),
    "small": (encoded(picture(1, (10, 10))), "16 pixels"),
    "flat": (encoded(picture(1, (10000, 1)), "PNG"), "16 pixels"),
    "half": (JPEG[: len(JPEG) // 2], "cut short"),
    "cut": (JPEG[: len(JPEG) * 99 // 100], "cut short"),
    "end": (JPEG[:-2], "cut short"),
    "scan bomb": (_scan_bomb(), "500 scans"),
    "png data": (_png_header(40, 40), "cut short"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_file_has_a_reason_and_a_remedy(name: str) -> None:
    data, expected = BAD[name]
    judgement = _judge(data)
    assert judgement.status == "quarantined"
    assert expected in judgement.reason
    assert ":" in judgement.reason


@pytest.mark.parametrize("cut", range(1, 20))
def test_jpeg_cut_anywhere_is_found(cut: int) -> None:
    assert _judge(JPEG[: len(JPEG) * cut // 20]).status == "quarantined"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_admitted_formats_are_kept(kind: str) -> None:
    judgement = _judge(encoded(picture(1), kind))
    assert (judgement.status, judgement.format) == ("kept", kind)
    assert (judgement.width, judgement.height) == (48, 40)


def test_sides_are_those_of_the_upright_photograph() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    judgement = _judge(encoded(picture(1, (48, 40)), exif=exif))
    assert (judgement.width, judgement.height) == (40, 48)


def test_an_unforeseen_error_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Image.Image) -> None:
        raise SystemError("tile cannot extend")

    monkeypatch.setattr("PIL.JpegImagePlugin.JpegImageFile.load", fail)
    assert "tile cannot extend" in _judge(JPEG).reason


def test_heic_says_how_phones_make_jpeg() -> None:
    reason = _judge(BAD["heic"][0]).reason
    assert "iPhone" in reason
    assert "Android" in reason


def test_the_brands_of_a_video_are_not_read_for_ever() -> None:
    data = b"\xff\xff\xff\xffftypmp42" + bytes(1_000_000)
    assert "video" in _judge(data).reason


def test_eps_starts_no_other_program(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise AssertionError("a program was started")

    monkeypatch.setattr("subprocess.Popen.__init__", fail)
    assert "EPS" in _judge(BAD["eps"][0]).reason


def _chunk(data: bytes, name: bytes) -> slice:
    """Where a chunk of a PNG stands, with its length and check."""
    start = data.index(name) - 4
    return slice(start, start + 12 + int.from_bytes(data[start : start + 4], "big"))


@pytest.mark.parametrize("part", ["check", "end"])
def test_a_png_with_all_of_its_pixels_is_kept(part: str) -> None:
    data = bytearray(encoded(picture(1), "PNG"))
    stop = _chunk(data, b"IDAT").stop
    if part == "check":
        data[stop - 4 : stop] = bytes(4)
    else:
        del data[stop:]
    expected = decode(encoded(picture(1), "PNG"), 16).tobytes()
    assert _judge(bytes(data)).status == "kept"
    assert decode(bytes(data), 16).tobytes() == expected


def test_a_png_with_broken_pixels_is_quarantined() -> None:
    data = bytearray(encoded(picture(1), "PNG"))
    place = _chunk(data, b"IDAT")
    data[(place.start + place.stop) // 2] ^= 0xFF
    assert _judge(bytes(data)).status == "quarantined"


def test_what_cannot_be_converted_is_quarantined() -> None:
    data = encoded(picture(1).quantize(16), "PNG")
    alphas = (b"tRNS", bytes(300))
    start = data.index(b"IDAT") - 4
    odd = data[:start] + png([alphas])[8:] + data[start:]
    assert "palette index out of range" in _judge(odd).reason
