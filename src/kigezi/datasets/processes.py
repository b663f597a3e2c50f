"""Which process is at work, so that another one can tell that it has died."""

import platform
from pathlib import Path

import psutil

from kigezi.records import digest_of

_MACHINE_ID = Path("/etc/machine-id")
"""Linux's: two machines, or a machine and a container, may have the same name."""

_CLOCK = 60.0
"""seconds by which a start time may seem to move when the clock is set"""


def this_host() -> str:
    """The name of this machine, and what tells it from others of that name."""
    known = _MACHINE_ID.read_text() if _MACHINE_ID.is_file() else ""
    name = platform.node().replace("'", "")
    return f"{name} {digest_of(known)[:8]}"


def this_process() -> str:
    """Number and start time of this process: numbers are used again."""
    process = psutil.Process()
    return f"{process.pid} {process.create_time():.0f}"


def has_ended(process: str) -> bool:
    """Whether a process of this machine has certainly ended.

    Args:
        process: What `this_process` said in it.
    """
    number, started = process.split()
    try:
        found = psutil.Process(int(number))
        again = abs(found.create_time() - float(started)) > _CLOCK
        return again or found.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False
