import math
from datetime import date

import pytest
from PIL import ExifTags, Image

from kigezi.photos.facts import read_facts
from tests.pictures import encoded, picture


def _with_exif(**values: object) -> bytes:
    exif = Image.Exif()
    for name, value in values.items():
        exif[getattr(ExifTags.Base, name)] = value
    return encoded(picture(), exif=exif)


def test_camera_and_date_are_read() -> None:
    data = _with_exif(Make="Canon\0", Model="EOS 5D", DateTime="2024:03:09 14:30:00")
    facts = read_facts(data)
    assert (facts.camera, facts.hour) == ("Canon EOS 5D", 14.5)
    assert facts.day == date(2024, 3, 9).toordinal()
    assert facts.bytes == len(data)


def test_the_moment_of_the_photograph_goes_before_that_of_the_file() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.DateTime] = "2024:03:09 14:30:00"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = (
        "2020:01:02 06:00:00"
    )
    facts = read_facts(encoded(picture(), exif=exif))
    assert (facts.hour, facts.day) == (6, date(2020, 1, 2).toordinal())


@pytest.mark.parametrize(
    "data",
    [
        encoded(picture()),
        encoded(picture(), "PNG"),
        _with_exif(DateTime="0000:00:00 00:00:00"),
        _with_exif(DateTime=7),
        encoded(picture(), exif=b"Exif\0\0broken"),
    ],
)
def test_without_exif_nothing_is_known(data: bytes) -> None:
    facts = read_facts(data)
    assert facts.camera == ""
    assert math.isnan(facts.hour)
    assert math.isnan(facts.day)
