"""Interrupt a case at every change that it makes, and see what is left and comes back.

It is a program of its own, which imports what a case needs once, never does the work
itself, and forks a process for every attempt:
    python -m tests.survival.sweep crash FOLDER CASE=1
"""

import json
import os
import resource
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

from tests.survival.case import Case
from tests.survival.cases import CASES
from tests.survival.crash_points import DIED, Changes
from tests.survival.outcome import LEFTOVER

Seen = dict[str, Any]


def in_child(work: Callable[..., Any], *arguments: Any) -> tuple[int, Any]:
    """Do something in a forked process; its exit code and what it returned.

    The code is 1, and the text is the error's, if it raised one.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = 0
        try:
            result = work(*arguments)
        except BaseException:
            code, result = 1, traceback.format_exc()
        with os.fdopen(writing, "w") as file:
            json.dump(result if isinstance(result, dict | list | str) else None, file)
        os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), json.loads(text) if text else None


def sweep(case: Case, root: Path, every: int) -> dict[str, Any]:
    """Die at every change, before it is made, and of files also when they are empty.

    Args:
        every: 1 for every change, 2 for every second one, and so on.

    Returns:
        The changes that an undisturbed run makes, and what went wrong where.
    """
    before, changes, after = _undisturbed(case, root / "undisturbed")
    problems = [f"{change} is written in place" for change in _in_place(changes)]
    points = [(number, False) for number in range(1, len(changes) + 1)]
    points += [
        (number, True)
        for number, change in enumerate(changes, start=1)
        # After any other change it is as before the next one.
        if change.startswith("open ") or number == len(changes)
    ]
    for number, made in sorted(points)[::every]:
        folder = root / f"{number}{made}"
        _prepare(case, folder)
        code, said = in_child(_die, case, folder, number, made)
        found = _left(case, folder, before, after) + _again(case, folder, after)
        if code != DIED:
            found.append(f"exit code {code}: {said}")
        where = f"{'after' if made else 'before'} {number} ({changes[number - 1]})"
        problems += [f"{where}: {what}" for what in found]
        shutil.rmtree(folder)
    return {"changes": changes, "problems": problems}


def fill_disk(case: Case, root: Path, every: int) -> dict[str, Any]:
    """Let no file grow beyond a size, for every size of a file that the case writes.

    Args:
        every: 1 for every size, 2 for every second one, and so on.

    Returns:
        The sizes, what the user was told, and what went wrong where.
    """
    before, _, after = _undisturbed(case, root / "undisturbed")
    files = (root / "undisturbed" / "data").rglob("*")
    sizes = sorted({path.stat().st_size for path in files if path.is_file()} - {0})
    told, problems = [], []
    for size in sizes[::-every]:
        folder = root / str(size)
        _prepare(case, folder)
        code, said = in_child(_act_within, case, folder, size - 1)
        told.append(str(said).strip().rpartition("\n")[2])
        if code != 1:
            problems.append(f"{size} bytes: exit code {code}: {said}")
        found = [f"it left {path}" for path in _leftovers(folder) if LEFTOVER in path]
        found += _left(case, folder, before, after) + _again(case, folder, after)
        problems += [f"{size} bytes: {what}" for what in found]
    return {"sizes": sizes, "told": told, "problems": problems}


def _undisturbed(case: Case, folder: Path) -> tuple[Seen, list[str], Seen]:
    """What is seen before, the changes, and what is seen after an undisturbed run."""
    _prepare(case, folder)
    _, before = in_child(case.look, folder)

    def act() -> list[list[str]]:
        changes = Changes(str(folder / "data"))
        changes.watch()
        case.act(folder)
        return [changes.seen, sorted(sys.modules)]

    code, said = in_child(act)
    assert code == 0, said
    changes, modules = said
    for module in modules:  # once here, and not in every process that comes
        with suppress(ImportError):
            import_module(module)
    _, after = in_child(case.look, folder)
    return before, changes, after


def _prepare(case: Case, folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    code, said = in_child(case.prepare, folder)
    assert code == 0, said


def _die(case: Case, folder: Path, number: int, made: bool) -> None:
    Changes(str(folder / "data"), number, made).watch()
    case.act(folder)


def _act_within(case: Case, folder: Path, size: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    case.act(folder)


def _in_place(changes: list[str]) -> Iterator[str]:
    """Files that are opened for writing under their final names."""
    for change in changes:
        if change.startswith("open ") and LEFTOVER not in change:
            if not change.endswith((".lock", ".lock.json")):
                yield change


def _left(case: Case, folder: Path, before: Seen, after: Seen) -> list[str]:
    """What can be seen of an interrupted run and is neither old nor new, but half."""
    code, seen = in_child(case.look, folder)
    if code != 0:
        return [f"half written: {seen}"]
    return [
        f"{name} is neither old nor new"
        for name, value in seen.items()
        if value not in (before.get(name), after.get(name))
    ]


def _again(case: Case, folder: Path, after: Seen) -> list[str]:
    """What a second run does not set right."""
    code, said = in_child(case.act, folder)
    if code != 0:
        return [f"the next run fails: {said}"]
    _, seen = in_child(case.look, folder)
    differs = ["the next run ends otherwise"] if seen != after else []
    return differs + [f"the next run leaves {path}" for path in _leftovers(folder)]


def _leftovers(folder: Path) -> list[str]:
    patterns = (f"{LEFTOVER}*", "*.parts")
    paths = chain.from_iterable((folder / "data").rglob(one) for one in patterns)
    return [path.name for path in paths]


if __name__ == "__main__":
    # A killed process loses nothing that it gave to the system: no disk is waited for.
    os.fsync = os.sync = lambda *_: None  # type: ignore[assignment]
    how = {"crash": sweep, "full": fill_disk}[sys.argv[1]]
    place = Path(sys.argv[2]).resolve()
    asked = dict(one.split("=") for one in sys.argv[3:])
    found = {
        name: how(CASES[name], place / name, int(every))
        for name, every in asked.items()
    }
    json.dump(found, sys.stdout)
