import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kigezi.datasets.workers import map_in_processes, usable_processors


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order(workers: int) -> None:
    items = list(range(50))
    assert list(map_in_processes(str, items, workers, batch=3)) == list(map(str, items))


def test_one_batch_needs_no_other_process() -> None:
    assert set(map_in_processes(_process, range(3), workers=2)) == {os.getpid()}
    others = set(map_in_processes(_process, range(3), workers=2, batch=2))
    assert os.getpid() not in others


def _process(_: int) -> int:
    return os.getpid()


def test_items_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    results = map_in_processes(str, items(), workers=2, batch=1)
    assert next(results) == "0"
    assert len(taken) < 20
    results.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_ends_the_work(workers: int) -> None:
    with pytest.raises(ValueError, match="x"):
        list(map_in_processes(int, ["1", "x", "3"], workers, batch=1))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_the_memory_of_one_image_serves_the_next() -> None:
    faults = list(map_in_processes(_page_faults, range(2), workers=2, batch=1))
    assert max(faults) < 2000


def _page_faults(_: int) -> int:
    """Of 10 times four megabytes at once, 977 pages of 4 KiB."""
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        assert len([b"x" * 10**6 for _ in range(4)]) == 4
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_at_least_one_processor() -> None:
    assert usable_processors() >= 1


def test_a_script_without_a_main_guard_runs_once(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from kigezi.datasets.workers import map_in_processes\n"
        "print('run', list(map_in_processes(abs, [-1, -2], 2, 1)))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, check=True)
    assert done.stdout == b"run [1, 2]\n"


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX")
def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    code = (
        "import os, time\n"
        "from kigezi.datasets.workers import map_in_processes\n"
        "results = map_in_processes(os.getenv, ['A', 'B'] * 20, 2, 1)\n"
        "next(results)\n"
        "import multiprocessing\n"
        "print(*[p.pid for p in multiprocessing.active_children()], flush=True)\n"
        "os._exit(137)\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, check=False, timeout=30)
    workers = [int(process) for process in done.stdout.split()]
    assert workers
    deadline = time.monotonic() + 10
    while any(map(_is_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(_is_alive, workers))


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not (state.exists() and state.read_text().split()[2] == "Z")
