"""The files in a .zip or .tar, in one shape, with what is wrong with their names."""

import re
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, cast


@dataclass(frozen=True)
class Member:
    """One file in an archive."""

    name: str
    """relative, with `/`"""
    size: int
    """bytes that it says it unpacks to"""
    refusal: str
    """why no archive with such a member is unpacked, or empty"""
    open: Callable[[], IO[bytes]]


@contextmanager
def open_members(archive: Path) -> Iterator[Iterator[Member]]:
    """All members but harmless folders, in the archive's order.

    Each must be read before the next is asked for.
    """
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as opened:
            yield _zip_members(opened)
    else:
        with tarfile.open(archive) as opened:
            yield _tar_members(opened)


def _zip_members(opened: zipfile.ZipFile) -> Iterator[Member]:
    for info in opened.infolist():
        name = info.filename.replace("\\", "/")
        kind = stat.S_IFMT(info.external_attr >> 16)
        refusal = _refuse_name(name)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            refusal = "is a link or a device"
        elif info.flag_bits & 1:
            refusal = "is encrypted"
        if refusal or not name.endswith("/"):
            read = partial(opened.open, info)
            yield Member(_plain(name), info.file_size, refusal, read)


def _tar_members(opened: tarfile.TarFile) -> Iterator[Member]:
    for info in opened:
        refusal = _refuse_name(info.name)
        if not (info.isreg() or info.isdir()) or info.issparse():
            refusal = "is a link, a device or has holes"
        if refusal or not info.isdir():
            # None only for what is no regular file, which is refused.
            read = cast(Callable[[], IO[bytes]], partial(opened.extractfile, info))
            yield Member(_plain(info.name), info.size, refusal, read)


def _refuse_name(name: str) -> str:
    # In a tar, `\\` is part of a name here and a separator on Windows.
    name = name.replace("\\", "/")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return "has an absolute path"
    return "leads out of the archive's folder" if ".." in name.split("/") else ""


def _plain(name: str) -> str:
    """The name without `.` and doubled `/`, so that equal places have equal names."""
    return "/".join(part for part in name.split("/") if part not in ("", "."))
