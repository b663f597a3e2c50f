"""What a sweep interrupts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from kigezi.datasets.aside import sha256_of
from tests.survival.outcome import LEFTOVER


class Case(NamedTuple):
    """Work that may be interrupted anywhere."""

    prepare: Callable[[Path], object]
    """makes what the work starts from"""
    act: Callable[[Path], object]
    """does the work"""
    look: Callable[[Path], dict[str, Any]]
    """all that can be seen of it by name, as JSON can hold it"""


def sums_of(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {
        path.relative_to(folder).as_posix(): sha256_of(path)
        for path in files
        if LEFTOVER not in str(path) and ".lock" not in path.name
    }
