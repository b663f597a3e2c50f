import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from kigezi.photos.building import image_maker
from kigezi.photos.judging import Judgement, judge
from kigezi.photos.noting import name_note
from kigezi.photos.reading import pixel_limit
from tests.pictures import augment_parameters, encoded, image_parameters, picture
from tests.png import header, png

PHOTOGRAPH = picture(1)
FRAMES: dict[str, Any] = {"save_all": True, "append_images": [picture(2)]}
DEEP = Image.fromarray(np.arange(40 * 40, dtype=np.uint16).reshape(40, 40) * 40)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
FRAME, GREY = "the first of its frames is used", "grey became RGB"
PALETTE, ALPHA = "its palette became RGB", "its alpha was laid over white"


def _turned(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = value
    return exif


def _deep_rgb() -> bytes:
    """A PNG of 16 bits in three colours, which Pillow reads and does not write."""
    pixels = zlib.compress(bytes(40 * (1 + 40 * 6)))
    return png([(b"IHDR", header(40, 40, 16)), (b"IDAT", pixels), (b"IEND", b"")])


def _palette(**options: Any) -> bytes:
    return encoded(PHOTOGRAPH.quantize(16), "PNG", **options)


KEPT = {
    "plain": (encoded(PHOTOGRAPH), ""),
    "progressive": (encoded(PHOTOGRAPH, progressive=True), ""),
    "sRGB": (encoded(PHOTOGRAPH, icc_profile=SRGB), ""),
    "16 bits": (encoded(DEEP, "PNG"), "16 bits became 8; grey became RGB"),
    "16 bits of colour": (_deep_rgb(), "16 bits became 8"),
    "CMYK": (encoded(PHOTOGRAPH.convert("CMYK")), "CMYK became RGB"),
    "grey": (encoded(PHOTOGRAPH.convert("L")), GREY),
    "black and white": (encoded(PHOTOGRAPH.convert("1"), "PNG"), GREY),
    "palette": (_palette(), PALETTE),
    "palette with alpha": (_palette(transparency=b"\0\x80"), f"{PALETTE}; {ALPHA}"),
    "alpha": (encoded(PHOTOGRAPH.convert("RGBA"), "PNG"), ALPHA),
    "grey with alpha": (encoded(PHOTOGRAPH.convert("LA"), "PNG"), f"{GREY}; {ALPHA}"),
    "WEBP with alpha": (encoded(Image.new("RGBA", (40, 40)), "WEBP"), ALPHA),
    "GIF": (encoded(PHOTOGRAPH, "GIF"), PALETTE),
    "animated GIF": (encoded(PHOTOGRAPH, "GIF", **FRAMES), f"{FRAME}; {PALETTE}"),
    "animated PNG": (encoded(PHOTOGRAPH, "PNG", **FRAMES), FRAME),
    "animated WEBP": (encoded(PHOTOGRAPH, "WEBP", **FRAMES), FRAME),
    "MPO": (encoded(PHOTOGRAPH, "MPO", **FRAMES), FRAME),
    "odd profile": (
        encoded(PHOTOGRAPH, icc_profile=b"junk" * 50),
        "its colour profile is left out",
    ),
    "EXIF 0": (encoded(PHOTOGRAPH, exif=_turned(0)), ""),
    "EXIF 1": (encoded(PHOTOGRAPH, exif=_turned(1)), ""),
    "EXIF 9": (encoded(PHOTOGRAPH, exif=_turned(9)), ""),
    "EXIF 6 in PNG": (
        encoded(PHOTOGRAPH, "PNG", exif=_turned(6)),
        "turned upright (EXIF 6)",
    ),
    "broken EXIF": (encoded(PHOTOGRAPH, exif=b"Exif\0\0MM\0*\xff\xff\xff\xff"), ""),
    "archive behind": (encoded(PHOTOGRAPH) + b"PK\3\4 a hidden file", ""),
}


def _judge(data: bytes, path: str = "") -> Judgement:
    with pixel_limit(1):
        return judge(data, maximum_megapixels=1, minimum_side=16, path=path)


@pytest.mark.parametrize("name", KEPT)
def test_what_is_converted_is_said(name: str) -> None:
    data, reason = KEPT[name]
    judgement = _judge(data)
    assert (judgement.status, judgement.reason) == ("kept", reason)


@pytest.mark.parametrize("name", KEPT)
def test_every_kept_photograph_becomes_clean_images(name: str) -> None:
    make = image_maker(image_parameters(), augment_parameters())
    for _, jpeg, _ in make(KEPT[name][0], "p"):
        image = Image.open(BytesIO(jpeg))
        assert (image.mode, image.size) == ("RGB", (32, 32))
        assert not {"icc_profile", "exif", "comment"} & set(image.info)
        assert b"PK\3\4" not in jpeg


@pytest.mark.parametrize("value", range(2, 9))
def test_every_turn_is_said(value: int) -> None:
    judgement = _judge(encoded(PHOTOGRAPH, exif=_turned(value)))
    assert judgement.reason == f"turned upright (EXIF {value})"
    sides = (judgement.width, judgement.height)
    assert sides == ((40, 48) if value >= 5 else (48, 40))


@pytest.mark.parametrize(
    ("path", "kind", "note"),
    [
        ("a/1.jpg", "JPEG", ""),
        ("a/1.JPEG", "JPEG", ""),
        ("a/1.jpg", "MPO", ""),
        ("a/1.jpg", "PNG", "it is PNG in spite of its name"),
        ("a/1.heic", "JPEG", "it is JPEG in spite of its name"),
        ("a.png/1", "JPEG", ""),
        ("a/2025.01.02", "PNG", ""),
        ("a/1", "PNG", ""),
    ],
)
def test_a_wrong_ending_is_said(path: str, kind: str, note: str) -> None:
    assert name_note(path, kind) == note


def test_a_png_named_jpg_is_kept() -> None:
    judgement = _judge(encoded(PHOTOGRAPH.convert("L"), "PNG"), "a/1.jpg")
    assert judgement.status == "kept"
    assert judgement.reason == "grey became RGB; it is PNG in spite of its name"
