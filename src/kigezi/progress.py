"""Lines in the log that say how far long work has come and how long it will take."""

import logging
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")


def progress(
    items: Iterable[T], total: int, what: str, every_seconds: float = 10.0
) -> Iterator[T]:
    """Hand the items on and log how far the work on them has come.

    Args:
        items: What is worked on, one after the other.
        total: How many items there will be.
        what: Name of the work and of its items, as in `augment: photographs`.
        every_seconds: Shortest time between two lines, in seconds.
    """
    work, _, noun = what.rpartition(": ")
    work = f"{work}: " if work else ""
    start = last = time.monotonic()
    done = 0
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - last >= every_seconds and done < total:
            left = duration((now - start) / done * (total - done))
            share = f"{100 * done // total} %"
            logger.info(
                "%s%s of %s %s (%s), about %s left",
                *(work, f"{done:,}", f"{total:,}", noun, share, left),
            )
            last = now
    took = duration(time.monotonic() - start)
    logger.info("%s%s %s in %s", work, f"{done:,}", noun, took)


def duration(seconds: float) -> str:
    """A span of time as people say it, such as `14 s`, `3 min` or `2 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
