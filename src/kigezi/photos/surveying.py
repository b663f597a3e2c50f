"""Look at every file of a source: one row each, none left out."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from typing import TypeVar

import pandas as pd

from kigezi.errors import DataError
from kigezi.folders import Entry, PhotographFolder, drawn_folders, is_system
from kigezi.photos.judging import Judgement, judge
from kigezi.photos.labels import check_labels, class_root, is_document
from kigezi.photos.reading import pixel_limit
from kigezi.progress import progress
from kigezi.streaming import in_batches, map_ahead

Item = TypeVar("Item")
Result = TypeVar("Result")

_BYTES_PER_PIXEL = 8
"""of the largest image that could be kept: 16 bits in four channels, uncompressed"""

_AHEAD = 8
"""files a thread that are read before the first of them is asked for"""
_TOGETHER = 1000
"""files whose rows are Python objects at a time, which take more memory"""

_LINK = (
    "it is a link, which is not followed: put what it leads to in its place",
    "quarantined",
)
_NOT_READ = {
    "link": _LINK,
    "link to a folder": _LINK,
    "special": ("it is no regular file", "ignored"),
}
_NO_CLASS = {
    "empty folder": "is empty: put photographs into it, or remove it",
    "link to a folder": "is a link, which is not followed: put the folder itself in "
    "its place, or remove the link",
}


@dataclass(frozen=True)
class Limits:
    """What a usable photograph is."""

    maximum_megapixels: float
    minimum_side: int


@dataclass(frozen=True, slots=True)
class _Found:
    """A file with its class, and why it is not looked at, if it is not."""

    path: str
    label: str
    unread: str
    status: str = "ignored"


def survey(folder: PhotographFolder, limits: Limits) -> pd.DataFrame:
    """Judge every file below the folder.

    Returns:
        One row a file, sorted by path: `path, photo_id, label` and what `Judgement`
        holds. Sides are 0, and `photo_id` is empty, where the file was not read.

    Raises:
        DataError: Class folders are empty or have names that cannot be kept apart.
    """
    found = _classify(folder.entries())
    check_labels(one.label for one in found if one.label)
    return _look_at_all(folder, limits, found, "ingest: files")


def survey_unlabelled(folder: PhotographFolder, limits: Limits) -> pd.DataFrame:
    """Judge every file below a folder, whatever folders it lies in.

    Returns:
        The same rows as `survey`, without labels.
    """
    found = [
        _Found(entry.path, "", *_reason_unread(entry))
        for entry in folder.entries()
        if entry.kind != "empty folder"
    ]
    return _look_at_all(folder, limits, found, "check: files")


def _look_at_all(
    folder: PhotographFolder, limits: Limits, found: list[_Found], what: str
) -> pd.DataFrame:
    look = partial(_look_at, folder, limits)
    rows = in_threads(look, found, limits.maximum_megapixels)
    shown = progress(rows, len(found), what)
    parts = [pd.DataFrame(some) for some in in_batches(shown, _TOGETHER)]
    return pd.concat(parts, ignore_index=True)


def in_threads(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    maximum_megapixels: float | None = None,
) -> Iterator[Result]:
    """Read and decode photographs; the results are in the order of the items.

    Args:
        function: What is done with an item.
        items: Any number of them; they are taken as they are needed.
        maximum_megapixels: See `pixel_limit`.
    """
    threads = read_threads()
    # Set before the threads start, for these limits hold for the whole process.
    with pixel_limit(maximum_megapixels), ThreadPoolExecutor(threads) as pool:
        yield from map_ahead(pool, function, items, _AHEAD * threads)


def read_threads() -> int:
    """Threads that read and decode photographs: Pillow lets others work meanwhile."""
    return min(32, (os.cpu_count() or 1) + 1)


def _classify(entries: list[Entry]) -> list[_Found]:
    """Give every file its class or the reason why it has none."""
    files = [entry for entry in entries if entry.kind != "empty folder"]
    drawn = drawn_folders([entry.path for entry in files])
    usable = [
        entry.path
        for entry in files
        if not is_system(entry.path)
        and not entry.path.startswith(drawn)
        and not is_document(entry.path)
    ]
    root = class_root(usable)
    _refuse_lost_classes(entries, root)
    return list(_with_labels(files, root, drawn))


def _with_labels(
    files: list[Entry], root: str, drawn: tuple[str, ...]
) -> Iterator[_Found]:
    for entry in files:
        label, _, below = entry.path.removeprefix(root).partition("/")
        reason, status = _reason_unread(entry)
        if entry.path.startswith(drawn) and not is_system(entry.path):
            yield _Found(entry.path, "", "it was drawn by this project for a demo")
        elif reason:
            named = label if below and not is_system(entry.path) else ""
            yield _Found(entry.path, named, reason, status)
        elif not below:
            yield _Found(
                entry.path,
                "",
                "it is not in a class folder: move it into one, if it is a photograph",
            )
        else:
            yield _Found(entry.path, label, "")


def _reason_unread(entry: Entry) -> tuple[str, str]:
    """Why a file is not looked at, and what it is then; an empty reason if it is."""
    if is_system(entry.path):
        return "it belongs to the system or a tool", "ignored"
    return _NOT_READ.get(entry.kind, ("", "ignored"))


def _refuse_lost_classes(entries: list[Entry], root: str) -> None:
    """No class of the user's vanishes because there is nothing in it to read."""
    for entry in entries:
        label = entry.path.removeprefix(root)
        if entry.kind in _NO_CLASS and entry.path.startswith(root):
            if "/" not in label and not is_system(entry.path):
                raise DataError(f"the class folder {label!r} {_NO_CLASS[entry.kind]}.")


def _look_at(
    folder: PhotographFolder, limits: Limits, found: _Found
) -> dict[str, str | int]:
    photo_id = ""
    judgement = Judgement(status=found.status, reason=found.unread)
    if not found.unread:
        photo_id, judgement = _read_and_judge(folder, limits, found.path)
    row = {"path": found.path, "photo_id": photo_id, "label": found.label}
    return row | asdict(judgement)


def _read_and_judge(
    folder: PhotographFolder, limits: Limits, path: str
) -> tuple[str, Judgement]:
    """Read once, so that what is hashed is what is judged."""
    most_bytes = limits.maximum_megapixels * 1e6 * _BYTES_PER_PIXEL
    try:
        if folder.size(path) > most_bytes:
            reason = f"it has more than {most_bytes / 1e6:,.0f} MB: remove it"
            return "", Judgement(reason=reason)
        data = folder.read(path)
    except OSError as error:
        reason = f"it cannot be read ({error.strerror or error}): make it readable"
        return "", Judgement(reason=reason)
    photo_id = hashlib.sha256(data).hexdigest()
    return photo_id, judge(data, limits.maximum_megapixels, limits.minimum_side, path)
