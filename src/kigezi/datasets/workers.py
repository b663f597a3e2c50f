"""Work in several processes that start fast and never outlive this one."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import chain, islice
from multiprocessing.connection import wait
from typing import Any, TypeVar

from kigezi.streaming import in_batches, map_ahead

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = 4
"""batches a worker that are made before their results are asked for"""
_MOST_ON_WINDOWS = 61
"""processes that Python's pool can wait for there"""
_KEPT_MEMORY = {-3: 4 * 2**20, -1: 16 * 2**20}
"""glibc's M_MMAP_THRESHOLD and M_TRIM_THRESHOLD, in bytes: malloc.h, man 3 mallopt"""


def usable_processors() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_in_processes(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int,
    batch: int = 8,
) -> Iterator[Result]:
    """The results in the order of the items, whatever the number of workers.

    Args:
        function: Can be pickled, and lives in a module that imports little.
        items: What it is called with; they are taken as they are needed.
        workers: Processes; with 1 the work is done in this one, as it is where there is
            only one batch.
        batch: Items that a worker is given at a time.
    """
    batches = in_batches(items, batch)
    first = list(islice(batches, 1 if workers == 1 else 2))
    if len(first) < 2:
        for some in chain(first, batches):
            yield from map(function, some)
        return
    if sys.platform == "win32":
        workers = min(workers, _MOST_ON_WINDOWS)
    # Not fork: a forked TensorFlow hangs, and Windows and macOS have no other way.
    spawn = multiprocessing.get_context("spawn")
    pool = _Pool(workers, spawn, initializer=_start_worker)
    call = partial(_call_batch, function)
    try:
        for results in map_ahead(pool, call, chain(first, batches), _AHEAD * workers):
            yield from results
    finally:
        pool.shutdown(cancel_futures=True)


class _Pool(ProcessPoolExecutor):
    """Starts workers that do not import the program that was started.

    They need nothing of it. Kedro's command line takes half a second to import, and a
    script without `if __name__ == "__main__"` would run again in each of them.
    """

    def submit(self, *arguments: Any, **named: Any) -> Future[Any]:
        """Give work to the pool, which starts a worker where none is idle."""
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            return super().submit(*arguments, **named)
        finally:
            sys.modules["__main__"] = main


def _call_batch(
    function: Callable[[Item], Result], items: Sequence[Item]
) -> list[Result]:
    return [function(item) for item in items]


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and end with it even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _keep_memory()
    parent = multiprocessing.parent_process()
    if parent is not None:
        watch = threading.Thread(target=_end_with, args=[parent.sentinel], daemon=True)
        watch.start()


def _keep_memory() -> None:
    """Let the memory of one image serve the next; there is nothing to do without glibc.

    It returns an image's memory to the kernel at once, which clears every page that it
    hands out again: a sixth of the time of making the images of a photograph.
    """
    # No mallopt in another C library; on Windows no library without a name.
    with suppress(AttributeError, TypeError):
        for parameter, size in _KEPT_MEMORY.items():
            ctypes.CDLL(None).mallopt(parameter, size)


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
