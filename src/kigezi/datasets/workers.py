"""Work in several processes that start fast and never outlive this one."""

import multiprocessing
import os
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import wait
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


_MOST_ON_WINDOWS = 61
"""processes that Python's pool can wait for there"""


def usable_processors() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_in_processes(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    workers: int,
    batch: int = 8,
) -> Iterator[Result]:
    """The results in the order of the items, whatever the number of workers.

    Args:
        function: Can be pickled, and lives in a module that imports little.
        items: What it is called with.
        workers: Processes; with 1 the work is done in this one.
        batch: Items that a worker is given at a time.
    """
    if workers == 1:
        yield from map(function, items)
        return
    if sys.platform == "win32":
        workers = min(workers, _MOST_ON_WINDOWS)
    # Not fork: a forked TensorFlow hangs, and Windows and macOS have no other way.
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, spawn, initializer=_start_worker)
    starts = range(0, len(items), batch)
    batches = [items[start : start + batch] for start in starts]
    try:
        with _without_main():
            done = pool.map(partial(_call_batch, function), batches)
        for results in done:
            yield from results
    finally:
        pool.shutdown(cancel_futures=True)


def _call_batch(
    function: Callable[[Item], Result], items: Sequence[Item]
) -> list[Result]:
    return [function(item) for item in items]


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and end with it even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        watch = threading.Thread(target=_end_with, args=[parent.sentinel], daemon=True)
        watch.start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


@contextmanager
def _without_main() -> Iterator[None]:
    """Start workers that do not import the program that was started.

    They need nothing of it. Kedro's command line takes half a second to import, and a
    script without `if __name__ == "__main__"` would run again in each of them.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
