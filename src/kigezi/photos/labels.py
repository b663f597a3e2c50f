"""Classes from folder names: where they begin, which names are allowed and stored."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote

from kigezi.errors import DataError

LONGEST_LABEL = 100
"""characters in the name of a class"""

_DOCUMENTS = (".txt", ".md", ".rst", ".csv", ".json", ".pdf", ".html", ".xml")
_SPLIT_NAMES = frozenset(
    ("train", "training", "val", "valid", "validation", "test", "testing")
)
_LONGEST_FOLDER = 100
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def is_document(path: str) -> bool:
    """Whether a file is a readme, licence or list, as archives carry them on top."""
    name = path.rsplit("/", 1)[-1].casefold()
    return name.endswith(_DOCUMENTS) or "." not in name


def class_root(paths: Iterable[str]) -> str:
    """The folder that holds the class folders, as a beginning of the paths.

    A single top folder that holds only folders is stepped into, repeatedly.

    Args:
        paths: The files that may be photographs, relative to the opened folder.
    """
    parts = [path.split("/") for path in paths]
    depth = 0
    while parts and _is_single(parts, depth):
        depth += 1
    return "".join(f"{part}/" for part in parts[0][:depth]) if parts else ""


def _is_single(parts: list[list[str]], depth: int) -> bool:
    """Whether all paths share the folder at this depth, with a folder between."""
    return len({path[depth] for path in parts}) == 1 and all(
        len(path) >= depth + 3 for path in parts
    )


def check_labels(labels: Iterable[str]) -> None:
    """Refuse class names that some disk or table could not keep apart.

    Raises:
        DataError: Names the folder, or the two folders, and what to do.
    """
    labels = sorted(set(labels))
    if labels and {label.casefold() for label in labels} <= _SPLIT_NAMES:
        raise DataError(
            f"the folders {', '.join(labels)} look like splits, not classes: put the "
            "class folders of all of them together, for the project makes its own "
            "split."
        )
    seen: dict[str, str] = {}
    for label in labels:
        if len(label) > LONGEST_LABEL:
            raise DataError(
                f"the class folder {label[:30]!r}... has a name of {len(label)} "
                f"characters: rename it to at most {LONGEST_LABEL}."
            )
        if any(unicodedata.category(letter) == "Cc" for letter in label):
            raise DataError(
                f"the class folder {label!r} has a control character in its name: "
                "rename it."
            )
        alike = unicodedata.normalize("NFC", label).casefold()
        if alike in seen:
            raise DataError(
                f"the class folders {seen[alike]!r} and {label!r} differ only by "
                "capitals or by how an accent is written: rename or merge them."
            )
        seen[alike] = label


def label_folder(label: str) -> str:
    """The label as a folder name that every system can store; no two are the same."""
    name = quote(label, safe=" ._-").replace("~", "%7E")
    if _RESERVED.fullmatch(name):
        name = f"%{ord(name[0]):02X}{name[1:]}"
    if name.endswith((".", " ")):
        name = f"{name[:-1]}%{ord(name[-1]):02X}"
    if len(name) > _LONGEST_FOLDER:
        name = f"{name[:80]}~{hashlib.sha256(label.encode()).hexdigest()[:12]}"
    return name
