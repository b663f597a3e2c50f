import os
import signal
import subprocess
import sys
import threading

import pytest

from kigezi.stopping import Stopped, finishing, stoppable


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_stops_at_once(number: signal.Signals, status: int) -> None:
    before = signal.getsignal(number)
    with pytest.raises(Stopped) as stopped, stoppable():
        os.kill(os.getpid(), number)
        raise AssertionError("it went on")
    assert stopped.value.exit_status == status
    assert not isinstance(stopped.value, Exception)
    assert signal.getsignal(number) is before


def test_what_must_not_be_lost_is_finished(caplog: pytest.LogCaptureFixture) -> None:
    done = []
    with pytest.raises(Stopped), stoppable():
        with finishing("this epoch"):
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("epoch")
        done.append("another one")
    assert done == ["epoch"]
    assert "Stopping after this epoch" in caplog.text


def test_a_second_signal_does_not_wait() -> None:
    with pytest.raises(Stopped) as stopped, stoppable(), finishing("this epoch"):
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("it went on")
    assert stopped.value.exit_status == 130


class _Lost:
    """Python drops what is raised while it removes an object."""

    def __del__(self) -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_stop_that_python_drops_comes_at_the_next_moment() -> None:
    done = []
    with pytest.raises(Stopped), stoppable():
        with finishing("this epoch"):
            _Lost()
            done.append("epoch")
        done.append("another one")
    assert done == ["epoch"]


def test_an_error_goes_before_a_signal_and_is_not_remembered() -> None:
    with pytest.raises(ValueError, match="broken"), stoppable():
        with finishing("this epoch"):
            os.kill(os.getpid(), signal.SIGTERM)
            raise ValueError("broken")
    with stoppable(), finishing("this epoch"):
        pass


def test_a_thread_takes_no_signals() -> None:
    done = []

    def work() -> None:
        with stoppable(), finishing("this epoch"):
            done.append("epoch")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == ["epoch"]


def test_afterwards_signals_do_what_they_did() -> None:
    script = (
        "import os, signal\n"
        "from kigezi.stopping import stoppable\n"
        "with stoppable(): pass\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGTERM
