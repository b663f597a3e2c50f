"""Judge one file from its bytes: a usable photograph, or why not and what to do."""

from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from kigezi.photos.checking import check_bytes
from kigezi.photos.hashing import SIDE, hash_photograph
from kigezi.photos.noting import conversion_notes, is_deep, name_note
from kigezi.photos.reading import (
    open_photograph,
    orientation,
    to_rgb,
    turn_upright,
    when_and_by,
)

CONVERT = "convert it to JPEG"

_STARTS: tuple[tuple[bytes, str], ...] = (
    (
        b"version https://git-lfs",
        "it is a Git LFS pointer, not the photograph: run `git lfs pull`",
    ),
    (b"%PDF", "it is a PDF document: save the photograph in it as JPEG"),
    (b"II*\0", f"TIFF and camera raw files are not read here: {CONVERT}"),
    (b"II+\0", f"TIFF and camera raw files are not read here: {CONVERT}"),
    (b"MM\0*", f"TIFF and camera raw files are not read here: {CONVERT}"),
    (b"%!PS", f"EPS drawings are not read here: {CONVERT}"),
    (b"8BPS", f"Photoshop files are not read here: {CONVERT}"),
    (b"\0\0\1\0", "it is an icon: remove it"),
    (b"PK\3\4", "it is a ZIP archive: unpack it in its place"),
    (b"\xff\xd8", "the JPEG is damaged: copy the photograph again"),
    (b"\x89PNG", "the PNG is damaged: copy the photograph again"),
)
_BRANDS: dict[bytes, str] = {
    b"avif": f"AVIF is not read here: {CONVERT}",
    b"avis": f"AVIF is not read here: {CONVERT}",
    b"crx ": f"camera raw files are not read here: {CONVERT}",
    **dict.fromkeys(
        (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"),
        f"HEIC is not read here: {CONVERT}; for JPEG from now on, choose Settings, "
        "Camera, Formats, Most Compatible on an iPhone, or switch off high efficiency "
        "pictures in the settings of the camera on Android",
    ),
}

_MOST_BRAND_BYTES = 256
"""looked at, whatever the file says of their number"""


@dataclass(frozen=True)
class Judgement:
    """What is known of one file; sides are 0 where they could not be read."""

    width: int = 0
    height: int = 0
    format: str = ""
    mode: str = ""
    status: str = "quarantined"
    reason: str = ""
    hashes: str = ""
    """what it looks like, from `hash_photograph`, if it is kept"""
    taken: str = ""
    """when, as `2026-11-23T09:30:00`, if EXIF says so"""
    camera: str = ""
    """make, model and serial number, as far as EXIF says so"""


def judge(
    data: bytes, maximum_megapixels: float, minimum_side: int, path: str = ""
) -> Judgement:
    """Decode the bytes, inside `pixel_limit`, and say what they are.

    Args:
        data: All bytes of the file.
        maximum_megapixels: Largest usable photograph in millions of pixels.
        minimum_side: Shortest usable side in pixels.
        path: The file's path, which may end like that of another kind of file.
    """
    try:
        image = open_photograph(data)
    except UnidentifiedImageError:
        return Judgement(reason=_name_content(data))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return Judgement(reason=_too_large(maximum_megapixels))
    except Exception as error:  # a decoder may raise anything on such bytes
        return Judgement(reason=_damaged(error))
    return _judge_image(image, data, maximum_megapixels, minimum_side, path)


def _judge_image(
    image: Image.Image,
    data: bytes,
    maximum_megapixels: float,
    minimum_side: int,
    path: str,
) -> Judgement:
    deep, turn = is_deep(image), orientation(image)
    width, height = image.size
    if turn >= 5:
        width, height = height, width
    facts = (width, height, image.format or "", image.mode)
    if width * height > maximum_megapixels * 1e6:
        return Judgement(*facts, reason=_too_large(maximum_megapixels))
    if min(width, height) < minimum_side:
        reason = f"its shorter side has fewer than {minimum_side} pixels"
        return Judgement(
            *facts, reason=f"{reason}: use a larger one, or lower ingest.minimum_side"
        )
    try:
        check_bytes(data, image.format)
        # Down to an eighth of each side still needs all of the bytes: a cut is found,
        # four times faster.
        image.draft(None, (SIDE, SIDE))
        hashes = hash_photograph(turn_upright(to_rgb(image), turn))
        notes = [*conversion_notes(image, deep, turn), name_note(path, image.format)]
    except Exception as error:  # a decoder may raise anything on such bytes
        return Judgement(*facts, reason=_damaged(error))
    said = "; ".join(filter(None, notes))
    return Judgement(*facts, "kept", said, hashes, *when_and_by(image))


def _too_large(maximum_megapixels: float) -> str:
    return (
        f"it has more than {maximum_megapixels:g} million pixels: make it smaller, or "
        "raise ingest.maximum_megapixels"
    )


def _damaged(error: Exception) -> str:
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return "a frame in it is larger than ingest.maximum_megapixels: make it smaller"
    if "MAX_TEXT" in str(error):
        return "the texts in it are too large: save the photograph without them"
    said = " ".join(str(error).split()) or type(error).__name__
    return f"it is cut short or damaged ({said}): copy the photograph again"


def _name_content(data: bytes) -> str:
    """What the bytes are, if not a photograph, and what to do about it."""
    if not data:
        return "the file is empty: copy the photograph again"
    known = (reason for start, reason in _STARTS if data.startswith(start))
    if reason := next(known, ""):
        return reason
    if data[4:8] == b"ftyp":
        return _name_brand(data)
    return _name_text(data) or (
        "it is no photograph in JPEG, PNG, WEBP, GIF or BMP: convert or remove it"
    )


def _name_brand(data: bytes) -> str:
    """The first brand says too little where others follow: "mif1" is also AVIF's."""
    end = min(int.from_bytes(data[:4], "big"), _MOST_BRAND_BYTES)
    brands = [data[8:12], *(data[place : place + 4] for place in range(16, end, 4))]
    known = [_BRANDS[brand] for brand in brands if brand in _BRANDS]
    avif = _BRANDS[b"avif"]
    if known:
        return avif if avif in known else known[0]
    return "it is a video: save a frame of it as JPEG"


def _name_text(data: bytes) -> str:
    head = data[:1024].lstrip().lower()
    if b"<svg" in head:
        return "it is an SVG drawing: save it as PNG"
    if head.startswith((b"<!doctype html", b"<html")):
        return "it is a web page, not the photograph: download the photograph again"
    if b"\0" not in head and head.isascii():
        return "it is text, not a photograph: remove it"
    return ""
