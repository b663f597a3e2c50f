"""Short notes on what is converted when a usable photograph is read."""

from PIL import Image

_GREY = ("1", "L", "LA", "I", "I;16")

_SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "MPO": (".mpo", ".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
}
_OTHERS = (".heic", ".heif", ".avif", ".tif", ".tiff")
_KNOWN = {*_OTHERS, *(suffix for known in _SUFFIXES.values() for suffix in known)}


def is_deep(image: Image.Image) -> bool:
    """Whether 16 bits a colour are stored; ask before anything is decoded.

    Pillow says so in the mode of greyscale only: colours have lost half of their bits
    when they arrive.
    """
    return image.format == "PNG" and "16B" in str(image.tile)


def conversion_notes(image: Image.Image, deep: bool, turn: int) -> list[str]:
    """What `reading.decode` changes of the pixels of a usable photograph.

    Args:
        image: A loaded image, for only loading completes what is known of it.
        deep: What `is_deep` said before.
        turn: EXIF's orientation, 1 to 8.
    """
    notes = {
        "the first of its frames is used": getattr(image, "is_animated", False),
        "16 bits became 8": deep,
        "CMYK became RGB": image.mode == "CMYK",
        "grey became RGB": image.mode in _GREY,
        "its palette became RGB": image.mode == "P",
        "its alpha was laid over white": image.has_transparency_data,
        "its colour profile is left out": _has_own_profile(image),
        f"turned upright (EXIF {turn})": turn != 1,
    }
    return [note for note, true in notes.items() if true]


def name_note(path: str, kind: str | None) -> str:
    """A note on a name that ends like that of another kind of file, or nothing.

    Args:
        path: The file's path.
        kind: Pillow's name of the format.
    """
    ends = path[path.rfind(".") :].lower()
    if ends not in _KNOWN or ends in _SUFFIXES.get(kind or "", ()):
        return ""
    return f"it is {kind} in spite of its name"


def _has_own_profile(image: Image.Image) -> bool:
    """Whether colours are meant otherwise than sRGB, which is taken for granted."""
    profile = image.info.get("icc_profile") or b""
    names = (b"sRGB", "sRGB".encode("utf-16-be"))
    return bool(profile) and not any(name in profile for name in names)
