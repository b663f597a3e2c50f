"""A folder of photographs, opened for reading; workers import it, so it is light."""

import hashlib
import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from PIL.Image import Image

from kigezi.errors import DataError

DRAWING = ".drawing.json"
"""marks a folder of photographs that the project drew itself"""

Kind = Literal["file", "link", "link to a folder", "special", "empty folder"]

_SYSTEM_NAMES = {
    *("thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "icon\r"),
    *("$recycle.bin", "system volume information", "lost+found", "@eadir"),
}


@dataclass(frozen=True, order=True, slots=True)
class Entry:
    """One thing that lies in a folder of photographs."""

    path: str
    """relative to the folder, with `/`; bytes that are not UTF-8 read as `\\xff`"""
    kind: Kind


@dataclass(frozen=True)
class PhotographFolder:
    """The files below a folder, listed and read by their path relative to it."""

    root: str

    def entries(self) -> list[Entry]:
        """Everything below the folder, sorted by path; links are not followed.

        Raises:
            DataError: A folder cannot be listed.
        """
        found: list[Entry] = []
        folders = [""]
        while folders:
            folder = folders.pop()
            inside = _list_folder(self.root, folder)
            folders += [path for path, kind in inside if kind is None]
            found += [Entry(_printable(path), kind) for path, kind in inside if kind]
            if folder and not inside:
                found.append(Entry(_printable(folder), "empty folder"))
        return sorted(found)

    def files(self) -> list[str]:
        """Paths of all files, links and special files below the folder, sorted."""
        return [entry.path for entry in self.entries() if entry.kind != "empty folder"]

    def size(self, path: str) -> int:
        """Bytes in a file."""
        return self._locate(path).stat().st_size

    def read(self, path: str) -> bytes:
        """All bytes of a file, and of nothing but a regular file."""
        location = self._locate(path)
        if not stat.S_ISREG(location.lstat().st_mode):
            raise OSError(f"{path} is not a regular file")
        return location.read_bytes()

    def read_ingested(self, path: str, photo_id: str) -> bytes:
        """The bytes that were ingested.

        Args:
            path: Of a photograph in the ledger.
            photo_id: Its sha256 there.

        Raises:
            DataError: The photograph is not what it was when it was ingested.
        """
        data, problem = self.try_ingested(path, photo_id)
        if problem:
            raise DataError(
                f"the photograph {path} in {self.root} {problem}: run "
                "`kedro run --pipeline=ingest` again."
            )
        return data

    def reader(self, photo_ids: Mapping[str, str]) -> Callable[[str], bytes]:
        """Reads photographs by their path alone; see `read_ingested`.

        Args:
            photo_ids: The sha256 of each photograph, by its path.
        """
        return lambda path: self.read_ingested(path, photo_ids[path])

    def try_ingested(self, path: str, photo_id: str) -> tuple[bytes, str]:
        """The bytes that were ingested, or none and what is wrong.

        Pillow would decode many changed ones silently.
        """
        try:
            data = self.read(path)
        except OSError as error:
            return b"", f"cannot be read ({error.strerror or error})"
        if hashlib.sha256(data).hexdigest() != photo_id:
            return b"", "has changed since it was ingested"
        return data, ""

    def _locate(self, path: str) -> Path:
        location = Path(self.root, path)
        if not os.path.lexists(location):
            location = Path(self.root, _original(path))
        return location


class PhotographLibrary(Protocol):
    """Where photographs come from, as the nodes see it."""

    def open(self, source: str, setting: str = ...) -> PhotographFolder:
        """The photographs of a folder or an archive, which a parameter names."""

    def draw(
        self,
        source: str,
        names: list[tuple[str, int]],
        draw: Callable[[str, int], Image],
        parameters: Mapping[str, Any],
    ) -> None:
        """Fill a folder with drawn photographs unless they are there already."""


def is_system(path: str) -> bool:
    """Whether a path belongs to the operating system or a tool, not to the user."""
    return any(
        part.startswith(".") or part.lower() in _SYSTEM_NAMES
        for part in path.split("/")
    )


def drawn_folders(paths: list[str]) -> tuple[str, ...]:
    """Beginnings of the paths that the project drew itself, below the opened folder."""
    mark = f"/{DRAWING}"
    return tuple(path.removesuffix(DRAWING) for path in paths if path.endswith(mark))


def _list_folder(root: str, folder: str) -> list[tuple[str, Kind | None]]:
    """Paths in one folder with their kind; None means a folder to go into."""
    try:
        with os.scandir(os.path.join(root, folder)) as entries:
            return [(f"{folder}/{e.name}".lstrip("/"), _kind(e)) for e in entries]
    except OSError as error:
        place = _printable(os.path.join(root, folder))
        raise DataError(
            f"the folder {place} cannot be listed ({error.strerror}): "
            "make it readable, or move it away."
        ) from error


def _kind(entry: os.DirEntry[str]) -> Kind | None:
    if entry.is_symlink():
        return "link to a folder" if os.path.isdir(entry.path) else "link"
    if entry.is_dir(follow_symlinks=False):
        return None
    return "file" if entry.is_file(follow_symlinks=False) else "special"


def _printable(path: str) -> str:
    """The path with bytes that are not UTF-8 written out, so that it can be stored."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _original(path: str) -> str:
    """The path as the disk knows it, from what `_printable` made of it."""
    return re.sub(
        r"\\x([89a-f][0-9a-f])", lambda hit: chr(0xDC00 + int(hit[1], 16)), path
    )
