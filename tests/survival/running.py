"""Real runs of Kedro in a process group of their own, which a test may stop."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.survival.crash_points import DIED

BEGUN = "conf/small or --params:"
"""in the first lines of a run: the program is loaded, the work begins"""


class Run:
    """One `kedro run --env=small` with all processes that it starts."""

    def __init__(self, project: Path, pipeline: str, **environment: str) -> None:
        self._log = project / "run.log"
        command = [sys.executable, "-m", "kedro", "run", "--env=small"]
        paths = [str(project / "src"), str(project / "spy")]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, f"--pipeline={pipeline}"],
                cwd=project,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)} | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """Everything that it has printed so far."""
        return self._log.read_text(errors="replace")

    def wait_for(self, text: str, seconds: float = 300) -> bool:
        """Wait until it has printed a text; False if it ends before it does."""
        until = time.monotonic() + seconds
        while text not in self.said:
            if self._process.poll() is not None:
                return text in self.said
            assert time.monotonic() < until, self.said
            time.sleep(0.005)
        return True

    def send(self, number: signal.Signals) -> None:
        """Send a signal to every process of the run."""
        os.killpg(self._process.pid, number)

    def send_to_program(self, number: signal.Signals) -> None:
        """Send a signal to the program alone, as `kill` does."""
        self._process.send_signal(number)

    def lasts(self, seconds: float) -> bool:
        """Whether it still runs after so many seconds."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def end(self, seconds: float = 600) -> int:
        """Wait until it ends; its exit code."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            raise AssertionError(f"it does not end:\n{self.said}") from None


def run_to_the_end(project: Path, pipeline: str) -> tuple[float, int]:
    """Run a pipeline that has to succeed; its seconds and its changes below data/."""
    run = begin(project, pipeline, **_crash(project, 0))
    began = time.monotonic()
    assert run.end() == 0, run.said
    (changes,) = re.findall(r"^(\d+) changes$", run.said, re.MULTILINE)
    return time.monotonic() - began, int(changes)


def begin(project: Path, pipeline: str, **environment: str) -> Run:
    """Start a pipeline and wait until its work begins."""
    run = Run(project, pipeline, **environment)
    assert run.wait_for(BEGUN), run.said
    return run


def interrupt(project: Path, pipeline: str, moment: float) -> bool:
    """Run a pipeline and kill all its processes.

    Args:
        project: Where it runs.
        pipeline: Its name.
        moment: Seconds after its work began, or, as an int, the number of the change
            below data/ before which it dies; after which, if it is negative.

    Returns:
        Whether it was killed; False if it had ended by itself, with success.
    """
    if isinstance(moment, int):
        run = Run(project, pipeline, **_crash(project, moment))
    else:
        run = begin(project, pipeline)
        if run.lasts(moment):
            run.send(signal.SIGKILL)
    code = run.end()
    with suppress(ProcessLookupError):
        run.send(signal.SIGKILL)
    assert code in (0, -signal.SIGKILL, DIED), run.said
    return code != 0


def _crash(project: Path, change: int) -> dict[str, str]:
    below = str(project.resolve() / "data")
    return {"KIGEZI_CRASH_BELOW": below, "KIGEZI_CRASH_AT": str(change)}


def sleep(project: Path, pipeline: str, after: float) -> bool:
    """Stop all processes of a pipeline for two seconds, as a laptop's sleep does.

    Returns:
        Whether it slept; False if it had ended before.
    """
    run = begin(project, pipeline)
    slept = run.lasts(after)
    if slept:
        run.send(signal.SIGSTOP)
        time.sleep(2)
        run.send(signal.SIGCONT)
    assert run.end() == 0, run.said
    return slept
