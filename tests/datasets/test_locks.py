import errno
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kigezi.datasets import locks
from kigezi.datasets.locks import alone, in_turn
from kigezi.errors import DataError

HOLD = """
import sys, time
from pathlib import Path
from kigezi.datasets.locks import alone

with alone(Path(sys.argv[1]), "`kedro run`"):
    print("held", flush=True)
    time.sleep(60)
"""


def _hold(path: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock."""
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout and other.stdout.readline() == "held\n"
    return other


def test_the_second_is_told_who_is_first(tmp_path: Path) -> None:
    path = tmp_path / "data" / ".lock"
    other = _hold(path)
    try:
        with pytest.raises(DataError) as error, alone(path, "`kedro run`"):
            pass
    finally:
        other.kill()
    assert f"`kedro run` (process {other.pid} on " in error.value.message
    assert f"works in {path.parent} already" in error.value.message
    assert "\n" not in error.value.message


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    other = _hold(path)
    other.kill()
    other.wait()
    with alone(path, "`kedro run`"):
        said = path.with_name(".lock.json").read_text()
    assert f'"process": {os.getpid()}' in said
    assert not path.with_name(".lock.json").exists()


def test_the_lock_is_released_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="broken"), alone(tmp_path / "l", "a"):
        raise ValueError("broken")
    with alone(tmp_path / "l", "a"):
        pass


def test_one_after_the_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_SAY_EVERY", 0.1)
    order: list[str] = []

    def first() -> None:
        with in_turn(tmp_path / "l", "freeze/top_10"):
            order.append("begun")
            time.sleep(0.5)
            order.append("ended")

    thread = threading.Thread(target=first)
    thread.start()
    while not order:
        time.sleep(0.01)
    with caplog.at_level(logging.INFO), in_turn(tmp_path / "l", "freeze/top_20"):
        order.append("second")
    thread.join()
    assert order == ["begun", "ended", "second"]
    assert "freeze/top_20 has waited 0 s for freeze/top_10 (process" in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="it locks otherwise")
def test_a_file_system_without_locks_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", refuse)
    with alone(tmp_path / "l", "a"), in_turn(tmp_path / "m", "b"):
        pass
    with alone(tmp_path / "l", "nothing was left that would be waited for"):
        pass
    assert "has no locks" in caplog.messages[0]


@pytest.mark.skipif(sys.platform == "win32", reason="it locks otherwise")
def test_other_errors_are_not_taken_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("fcntl.flock", fail)
    with pytest.raises(OSError, match="Input/output"), alone(tmp_path / "l", "a"):
        pass
