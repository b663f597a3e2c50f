"""Unpack a .zip or .tar of photographs once, or refuse it whole."""

import hashlib
import logging
import tarfile
import zipfile
import zlib
from lzma import LZMAError
from pathlib import Path

from kigezi.datasets.aside import folder_aside, publish
from kigezi.datasets.members import open_members
from kigezi.errors import DataError
from kigezi.progress import progress

logger = logging.getLogger(__name__)

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")

MOST_MEMBERS = 200_000
MOST_BYTES = 50 * 1000**3
MOST_RATIO = 200
FREE_BYTES = 100 * 1000**2
"""bytes that an archive may unpack to whatever its ratio is"""

_CHUNK = 1024 * 1024
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    EOFError,
    LZMAError,
    zlib.error,
    RuntimeError,
    OSError,
    ValueError,
)


def is_archive(path: str) -> bool:
    """Whether a name ends like that of an archive that can be unpacked."""
    return path.lower().endswith(SUFFIXES)


def unpack(archive: Path, store: Path) -> Path:
    """The folder with the archive's files, unpacked unless it is there already.

    Args:
        archive: A .zip or .tar.
        store: Where unpacked archives are kept, each under the hash of its bytes.

    Raises:
        DataError: The archive is damaged, dangerous or does not fit on the disk.
    """
    try:
        with archive.open("rb") as file:
            name = hashlib.file_digest(file, "sha256").hexdigest()[:32]
        final = store / name
        if not final.is_dir():
            logger.info("unpacking %s into %s", archive, final)
            names = _check(archive)
            with folder_aside(store, name) as aside:
                _extract(archive, names, aside)
                publish(aside, final)
    except _DAMAGE as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            f"{archive} cannot be unpacked ({said}): see that the disk has room, or "
            "fetch the archive again."
        ) from error
    return final


def _check(archive: Path) -> int:
    """Read all names before anything is written; the number of files."""
    limit = _most_bytes(archive)
    seen: set[str] = set()
    total = 0
    with open_members(archive) as members:
        for member in members:
            twice = "appears twice" if member.name in seen else ""
            seen.add(member.name)
            total += member.size
            if refusal := member.refusal or twice:
                raise _refused(archive, f"its member {member.name!r} {refusal}")
            if len(seen) > MOST_MEMBERS:
                raise _refused(archive, f"it has more than {MOST_MEMBERS:,} members")
            if total > limit:
                raise _refused(archive, f"it unpacks to more than {limit:,} bytes")
    return len(seen)


def _extract(archive: Path, count: int, folder: Path) -> None:
    # Sizes are counted again: what an archive says of itself may be wrong.
    left = _most_bytes(archive)
    with open_members(archive) as members:
        for member in progress(members, count, "unpack: files"):
            target = folder / member.name
            target.parent.mkdir(parents=True, exist_ok=True)
            with member.open() as source, target.open("xb") as file:
                while chunk := source.read(_CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise _refused(archive, "it unpacks to more than it says")
                    file.write(chunk)


def _most_bytes(archive: Path) -> int:
    by_ratio = max(FREE_BYTES, MOST_RATIO * archive.stat().st_size)
    return min(MOST_BYTES, by_ratio)


def _refused(archive: Path, why: str) -> DataError:
    return DataError(
        f"{archive} is not unpacked because {why}: unpack it yourself if you trust it, "
        "and name the folder as ingest.source."
    )
