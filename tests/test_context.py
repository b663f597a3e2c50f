import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kedro.framework.session import KedroSession
from kedro.io import DatasetError

from kigezi.context import ProjectSession
from kigezi.errors import ConfigurationError, DataError
from kigezi.stopping import finishing

Run = Callable[[Callable[[], Any]], Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A session in an empty project, which does what it is given instead of nodes."""

    def in_session(work: Callable[[], Any]) -> Any:
        monkeypatch.setattr(KedroSession, "run", lambda *_, **__: work())
        return ProjectSession("session", "kigezi", tmp_path).run()

    return in_session


def _raise(error: Exception, cause: Exception | None = None) -> Callable[[], None]:
    def work() -> None:
        raise error from cause

    return work


def test_what_a_run_returns(run: Run) -> None:
    assert run(lambda: {"table": 1}) == {"table": 1}


def test_what_a_dataset_says_is_not_hidden(run: Run) -> None:
    sentence = DataError("winner.json is damaged: delete it.")
    with pytest.raises(DataError) as error:
        run(_raise(DatasetError("Failed while loading data"), sentence))
    assert error.value is sentence


def test_a_full_disk_is_a_sentence(run: Run) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "a.npz")
    with pytest.raises(DataError, match="the disk is full"):
        run(_raise(DatasetError("Failed while saving data"), full))


def test_a_bug_is_not_hidden(run: Run) -> None:
    with pytest.raises(ZeroDivisionError):
        run(_raise(ZeroDivisionError()))


def test_a_misspelt_node_is_a_sentence(run: Run) -> None:
    with pytest.raises(ConfigurationError, match="registry describe"):
        run(_raise(ValueError("Pipeline does not contain nodes named ['x'].")))


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_stopped_run_says_how_to_go_on(
    run: Run, caplog: pytest.LogCaptureFixture, number: int, status: int
) -> None:
    done = []

    def work() -> None:
        with finishing("this epoch"):
            os.kill(os.getpid(), number)
            done.append("epoch")

    with pytest.raises(SystemExit) as end:
        run(work)
    assert end.value.code == status
    assert done == ["epoch"]
    assert caplog.messages[-1] == (
        "Stopped. The same command goes on where this run was."
    )


def test_one_run_at_a_time(run: Run, tmp_path: Path) -> None:
    def second() -> None:
        with pytest.raises(DataError) as error:
            ProjectSession("other", "kigezi", tmp_path).run()
        message = error.value.message
        assert f"`kedro run` (process {os.getpid()} on " in message
        assert "wait until it has ended" in message
        raise ValueError("the first one ends with an error")

    with pytest.raises(ValueError, match="the first one"):
        run(second)
    assert run(lambda: "free again") == "free again"
