"""Work that the operating system killed because memory ran out.

A killed process cannot say why. Linux counts such kills since it was started
(`oom_kill` in /proc/vmstat, proc_vmstat(5)), so work notes the count when it begins: if
the note is still there the next time and the count has risen, memory is suspected.
After a power cut the count began anew, and other systems tell nothing: then it is not.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kigezi.datasets.aside import write_bytes

_COUNTERS = Path("/proc/vmstat")
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@contextmanager
def counting_kills(path: Path) -> Iterator[int]:
    """Say how often the work was killed, as it seems for lack of memory.

    Args:
        path: Where the note is kept while the work goes on, and after a kill.
    """
    before, now = _read(path), _status()
    kills = before["kills"]
    if before["running"]:
        same_start = before["status"]["start"] == now["start"] != ""
        kills += same_start and now["killed"] > before["status"]["killed"]
    _write(path, {"kills": kills, "running": True, "status": now})
    try:
        yield kills
    finally:
        if kills:
            _write(path, {"kills": kills, "running": False, "status": now})
        else:
            path.unlink(missing_ok=True)


def _status() -> dict[str, Any]:
    """Which start of the machine this is, and how many processes it has killed."""
    try:
        lines = _COUNTERS.read_text("ascii").splitlines()
        counters = dict(line.split(" ", 1) for line in lines)
        return {"start": _BOOT.read_text("ascii"), "killed": int(counters["oom_kill"])}
    except (OSError, ValueError, KeyError):
        return {"start": "", "killed": 0}


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {"kills": 0, "running": False, "status": _status()}


def _write(path: Path, note: dict[str, Any]) -> None:
    write_bytes(path, json.dumps(note).encode())
