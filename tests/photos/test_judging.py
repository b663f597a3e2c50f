import struct
import zlib

import pytest
from PIL import ExifTags, Image

from kigezi.photos.judging import Judgement, judge
from kigezi.photos.reading import pixel_limit
from tests.pictures import encoded, picture


def _judge(data: bytes) -> Judgement:
    with pixel_limit(1):
        return judge(data, maximum_megapixels=1, minimum_side=16)


def _png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", b"")


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
    "avif": (b"\0\0\0\x18ftypavif\0\0\0\0", "AVIF"),
    "video": (b"\0\0\0\x18ftypmp42\0\0\0\0", "video"),
    "tiff": (encoded(picture(1), "TIFF"), "TIFF"),
    "eps": (encoded(picture(1), "EPS"), "EPS"),
    "icon": (encoded(picture(1, (32, 32)), "ICO"), "icon"),
    "zip": (b"PK\3\4....", "ZIP"),
    "random": (bytes(range(128, 256)), "no photograph"),
    "bomb": (_png_header(60_000, 60_000), "1 million pixels"),
    "large": (_png_header(1200, 1000), "1 million pixels"),
    "small": (encoded(picture(1, (10, 10))), "16 pixels"),
    "flat": (encoded(picture(1, (1000, 1))), "16 pixels"),
    "half": (JPEG[: len(JPEG) // 2], "cut short"),
    "cut": (JPEG[: len(JPEG) * 99 // 100], "cut short"),
    "end": (JPEG[:-2], "cut short"),
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
    assert (judgement.width, judgement.height, judgement.reason) == (48, 40, "")


def test_sides_are_those_of_the_upright_photograph() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    judgement = _judge(encoded(picture(1, (48, 40)), exif=exif))
    assert (judgement.width, judgement.height) == (40, 48)


def test_an_animation_is_kept_and_said() -> None:
    frames = [picture(seed) for seed in (1, 2)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    judgement = _judge(data)
    assert (judgement.status, "first of its frames" in judgement.reason) == (
        "kept",
        True,
    )


def test_an_unforeseen_error_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Image.Image) -> None:
        raise SystemError("tile cannot extend")

    monkeypatch.setattr("PIL.JpegImagePlugin.JpegImageFile.load", fail)
    assert "tile cannot extend" in _judge(JPEG).reason
