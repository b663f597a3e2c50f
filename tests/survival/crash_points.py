"""Count the changes that a process makes below a folder, and die at one of them.

Python announces every change to its audit hooks before it makes it. As a program's
`sitecustomize`, this module reads what to do from the variables KIGEZI_CRASH_BELOW, a
folder, and KIGEZI_CRASH_AT, the number of a change; a negative one dies after it, and
0 says at the end how many there were.
"""

import atexit
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DIED = 137
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass
class Changes:
    """The changes below a folder so far."""

    below: str
    """the folder, an absolute path"""
    die_at: int = 0
    """number of the change to die at, from 1; 0 to count only"""
    made: bool = False
    """whether that change is made before the process dies"""
    seen: list[str] = field(default_factory=list)
    """what was changed: event and path relative to the folder"""

    def watch(self) -> None:
        """Begin to count; there is no way to end it but the end of the process."""
        sys.addaudithook(self._notice)

    def _notice(self, event: str, arguments: tuple[Any, ...]) -> None:
        change = _CHANGES.get(event)
        path = change and _path(event, arguments)
        if not change or not path or not path.startswith(self.below + os.sep):
            return
        self.seen.append(f"{event} {os.path.relpath(path, self.below)}")
        if len(self.seen) == self.die_at:
            self.below = os.devnull
            if self.made:
                # A change that fails, such as making a folder that exists, changes
                # nothing either.
                with suppress(OSError):
                    change(path, arguments)
            os._exit(DIED)


def _path(event: str, arguments: tuple[Any, ...]) -> str | None:
    """What is changed: the new name of a rename; None if a file is only read."""
    place = 1 if event == "os.rename" else 0
    if event == "open" and not (arguments[2] or 0) & _WRITES:
        return None
    if not isinstance(arguments[place], str | bytes | os.PathLike):
        return None
    path = os.fsdecode(arguments[place])
    folder = arguments[1] if event in ("os.remove", "os.rmdir") else -1
    if folder != -1:  # shutil.rmtree names files relative to an open folder
        path = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), path)
    return os.path.abspath(path)


def _open(path: str, arguments: tuple[Any, ...]) -> None:
    """An empty file, as it is before the first byte reaches it."""
    os.close(os.open(path, arguments[2] | os.O_CREAT, 0o644))


_CHANGES: dict[str, Callable[[str, tuple[Any, ...]], object]] = {
    "open": _open,
    "os.mkdir": lambda path, _: os.mkdir(path),
    "os.rename": lambda path, arguments: os.replace(arguments[0], path),
    "os.remove": lambda path, _: os.remove(path),
    "os.rmdir": lambda path, _: os.rmdir(path),
    "os.truncate": lambda path, arguments: os.truncate(path, arguments[1]),
    "os.utime": lambda path, _: Path(path).touch(),
    "shutil.rmtree": lambda path, _: shutil.rmtree(path),
}

# Not for the processes that this one starts: they count changes of their own.
if below := os.environ.pop("KIGEZI_CRASH_BELOW", ""):
    _number = int(os.environ["KIGEZI_CRASH_AT"])
    _changes = Changes(below, abs(_number), made=_number < 0)
    _changes.watch()
    atexit.register(lambda: sys.stdout.write(f"{len(_changes.seen)} changes\n"))
