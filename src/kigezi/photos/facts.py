"""What a file tells of a photograph besides its pixels."""

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import ExifTags

from kigezi.photos.reading import open_photograph


@dataclass(frozen=True)
class FileFacts:
    """What stands in a file beside its pixels; EXIF is often missing."""

    bytes: int
    camera: str
    """maker and model from EXIF, or empty"""
    hour: float
    """time of day when it was taken, from 0 to 24, or not a number"""
    day: float
    """date when it was taken, as the number of the day since the year 1, or NaN"""


def read_facts(data: bytes) -> FileFacts:
    """The facts of a photograph's file; pixels are not decoded.

    Args:
        data: The bytes of a photograph that `judge` found usable.
    """
    camera, taken = "", None
    with suppress(Exception):  # EXIF is written by anything, so it may hold anything
        exif = open_photograph(data).getexif()
        camera = _camera(exif)
        original = exif.get_ifd(ExifTags.IFD.Exif)
        taken = _moment(original.get(ExifTags.Base.DateTimeOriginal)) or _moment(
            exif.get(ExifTags.Base.DateTime)
        )
    if taken is None:
        return FileFacts(len(data), camera, math.nan, math.nan)
    hour = taken.hour + taken.minute / 60
    return FileFacts(len(data), camera, hour, float(taken.toordinal()))


def _camera(exif: Mapping[int, Any]) -> str:
    parts = (exif.get(ExifTags.Base.Make), exif.get(ExifTags.Base.Model))
    return " ".join(str(part).strip(" \0") for part in parts if part)


def _moment(text: Any) -> datetime | None:
    """EXIF's date and time; cameras without a clock write zeros or blanks."""
    with suppress(ValueError):
        return datetime.strptime(str(text)[:19], "%Y:%m:%d %H:%M:%S")
    return None
