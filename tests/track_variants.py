"""Track variants from a process of its own, as a training does.

python -m tests.track_variants URI EXPERIMENT VARIANTS [END] [SECONDS]

Writes a line after each epoch. After the first epoch of the first variant the process
ends as END says: interrupt, raise, exit, terminate or kill; or, after each epoch, it
waits for a line.
"""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from kigezi.datasets import mlflow_server
from kigezi.datasets.mlflow_server import Server
from kigezi.datasets.tracking import Tracking, close_tracking
from kigezi.stopping import stoppable
from tests.conftest import make_trial
from tests.tracked import NO_MODEL, plot


def _raise() -> None:
    raise RuntimeError("a bug")


ENDS: dict[str, Callable[[], object]] = {
    "interrupt": lambda: os.kill(os.getpid(), signal.SIGINT),
    "raise": _raise,
    "exit": lambda: sys.exit(3),
    "terminate": lambda: os.kill(os.getpid(), signal.SIGTERM),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "wait": sys.stdin.readline,
}


def _track(server: Server, variant: str, end: str, seconds: float) -> None:
    trial = make_trial(variant, 0.9)
    result = trial.result
    tracking = Tracking(server, "study")
    with tracking.begin(result.assignment, result.dataset, result.key) as run:
        for epoch in result.history:
            started = time.monotonic()
            run.epoch(epoch)
            took = time.monotonic() - started
            sys.stdout.write(f"{variant} {epoch.epoch} {took:.1f}\n")
            sys.stdout.flush()
            if end:
                ENDS[end]()
            time.sleep(seconds)
        model = os.environ.get("TRACKED_MODEL", NO_MODEL)
        run.finish(trial, plot, Path(model))


def _main(
    uri: str, name: str, variants: str, end: str = "", seconds: str = "0"
) -> None:
    logging.basicConfig(
        level=logging.INFO, format="%(message)s", stream=sys.stderr, force=True
    )
    mlflow_server._PAUSE = float(os.environ.get("TRACKED_PAUSE", "60"))
    server = Server(uri, name, os.environ.get("TRACKED_ARTIFACTS"))
    with stoppable():
        for variant in variants.split(","):
            _track(server, variant, end, float(seconds))
        close_tracking()


if __name__ == "__main__":
    _main(*sys.argv[1:])
