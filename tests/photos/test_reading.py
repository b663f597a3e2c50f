import numpy as np
import pytest
from PIL import ExifTags, Image, ImageFile

from kigezi.errors import DataError
from kigezi.photos.reading import (
    decode,
    open_photograph,
    pixel_limit,
    when_and_by,
)
from tests.pictures import encoded, picture

TRANSPOSE = Image.Transpose
INVERSE = {
    1: None,
    2: TRANSPOSE.FLIP_LEFT_RIGHT,
    3: TRANSPOSE.ROTATE_180,
    4: TRANSPOSE.FLIP_TOP_BOTTOM,
    5: TRANSPOSE.TRANSPOSE,
    6: TRANSPOSE.ROTATE_90,
    7: TRANSPOSE.TRANSVERSE,
    8: TRANSPOSE.ROTATE_270,
}


def _with_orientation(image: Image.Image, value: object) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = value
    return encoded(image, "PNG", exif=exif)


@pytest.mark.parametrize("value", INVERSE)
def test_every_orientation_is_upright(value: int) -> None:
    upright = picture(1, (40, 24))
    turn = INVERSE[value]
    stored = upright if turn is None else upright.transpose(turn)
    read = decode(_with_orientation(stored, value), 8)
    assert np.array_equal(np.asarray(read), np.asarray(upright))


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_senseless_orientation_is_upright(value: int) -> None:
    upright = picture(1, (40, 24))
    read = decode(_with_orientation(upright, value), 8)
    assert np.array_equal(np.asarray(read), np.asarray(upright))


def test_broken_exif_is_upright() -> None:
    data = encoded(picture(1, (40, 24)), exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    with pixel_limit(None):
        assert decode(data, 8).size == (40, 24)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_over_white(mode: str) -> None:
    color = (255, 0, 0, 0) if mode == "RGBA" else (10, 0)
    read = decode(encoded(Image.new(mode, (20, 20), color), "PNG"), 20)
    assert read.mode == "RGB"
    assert read.getextrema() == ((255, 255),) * 3


def test_transparent_palette_is_laid_over_white() -> None:
    image = Image.new("P", (20, 20), 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    read = decode(encoded(image, "PNG", transparency=1), 20)
    assert read.getextrema() == ((255, 255),) * 3


def test_transparent_color_is_laid_over_white() -> None:
    image = Image.new("RGB", (20, 20), (9, 8, 7))
    read = decode(encoded(image, "PNG", transparency=(9, 8, 7)), 20)
    assert read.getextrema() == ((255, 255),) * 3


def test_sixteen_bits_keep_their_range() -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).repeat(20).reshape(256, 20)
    read = decode(encoded(Image.fromarray(ramp), "PNG"), 20)
    assert np.array_equal(np.asarray(read)[:, 0, 0], np.arange(256))


def test_one_bit_becomes_black_and_white() -> None:
    read = decode(encoded(Image.new("1", (20, 20), 1), "PNG"), 20)
    assert read.mode == "RGB"
    assert read.getextrema() == ((255, 255),) * 3


def test_cmyk_is_not_negative() -> None:
    data = encoded(Image.new("RGB", (20, 20), (200, 30, 30)).convert("CMYK"))
    adobe = data.index(b"\xff\xee")
    assert data[adobe + 4 : adobe + 9] == b"Adobe"  # which stores colours inverted
    for one in (data, data[:adobe] + data[adobe + 16 :]):
        red, green, _ = decode(one, 20).getpixel((10, 10))
        assert red > 180
        assert green < 60


def test_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (20, 20), color) for color in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(data, 20).getpixel((5, 5)) == (255, 0, 0)


def test_large_jpeg_is_decoded_smaller_but_not_too_small() -> None:
    data = encoded(picture(1, (1600, 1200)))
    assert decode(data, 100).size == (400, 300)
    assert decode(data, 600).size == (1600, 1200)


def test_nothing_of_the_file_but_its_pixels_is_kept() -> None:
    assert decode(encoded(picture(1), comment=b"at home"), 16).info == {}


def test_progressive_equals_baseline() -> None:
    images = [decode(encoded(picture(1), progressive=on), 16) for on in (True, False)]
    assert images[0].tobytes() == images[1].tobytes()


def test_cut_photographs_are_never_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(DataError, match="LOAD_TRUNCATED_IMAGES"), pixel_limit(1):
        pass


def test_limit_holds_inside_and_is_taken_back() -> None:
    before = Image.MAX_IMAGE_PIXELS
    data = encoded(Image.new("1", (1500, 1000)), "PNG")
    with pixel_limit(1), pytest.raises(Image.DecompressionBombWarning):
        open_photograph(data)
    assert before == Image.MAX_IMAGE_PIXELS
    with pixel_limit(None):
        assert open_photograph(data).size == (1500, 1000)


def _exif(original: object, **values: object) -> Image.Image:
    exif = Image.Exif()
    for name, value in values.items():
        exif[getattr(ExifTags.Base, name)] = value
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.BodySerialNumber] = "17\0"
    if original:
        details[ExifTags.Base.DateTimeOriginal] = original
    return open_photograph(encoded(picture(), exif=exif))


def test_time_and_camera_are_read() -> None:
    image = _exif("2024:03:09 14:30:05", Make="Canon\0", Model="EOS 5D")
    assert when_and_by(image) == ("2024-03-09T14:30:05", "Canon EOS 5D 17")


@pytest.mark.parametrize("original", [None, "0000:00:00 00:00:00", "  :  :  ", 7])
def test_a_camera_without_a_clock_is_still_a_camera(original: object) -> None:
    image = _exif(original, Model="EOS 5D", DateTime="2024:03:09 14:30:05")
    assert when_and_by(image) == ("", "EOS 5D 17")


@pytest.mark.parametrize("exif", [b"", b"Exif\0\0broken"])
def test_without_exif_nothing_is_known(exif: bytes) -> None:
    image = open_photograph(encoded(picture(), exif=exif))
    assert when_and_by(image) == ("", "")
