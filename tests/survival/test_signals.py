"""Ctrl-C and SIGTERM: what is asked for is finished, and nothing lies about."""

import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.small_study import make_project
from tests.survival.outcome import finished_work, leftovers
from tests.survival.running import Run, begin
from tests.undisturbed import Undisturbed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="it has no such signals"),
]
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]


def _copy(undisturbed: Undisturbed, folder: Path, *layers: str) -> Path:
    """A project that has some of the data of the study that nobody disturbed."""
    project = make_project(folder)
    for layer in layers:
        shutil.copytree(undisturbed.project / "data" / layer, project / "data" / layer)
    return project


def _check_end(run: Run, project: Path, status: int) -> None:
    assert run.end(60) == status, run.said
    assert "Traceback" not in run.said
    assert "Stopped. The same command goes on" in run.said.splitlines()[-1]
    assert leftovers(project) == []


def test_the_epoch_is_finished_unless_asked_twice(
    tmp_path: Path, undisturbed: Undisturbed
) -> None:
    layers = ("01_raw", "02_intermediate", "04_feature")
    project = _copy(undisturbed, tmp_path, *layers)
    run = begin(project, "tune")
    assert run.wait_for(" epoch 1 of 8"), run.said
    run.send(signal.SIGINT)
    _check_end(run, project, 130)
    done = finished_work(project)
    epochs = len(done.keys() - {_version(project)})
    assert epochs == run.said.count("entire_network: epoch ") >= 1
    run = begin(project, "tune")
    assert run.wait_for(f"entire_network goes on after epoch {epochs}"), run.said
    run.send_to_program(signal.SIGTERM)
    run.send_to_program(signal.SIGTERM)
    _check_end(run, project, 143)
    assert finished_work(project) == done


@pytest.mark.parametrize(("number", "status"), SIGNALS)
def test_outside_a_training_it_stops_at_once(
    tmp_path: Path, undisturbed: Undisturbed, number: signal.Signals, status: int
) -> None:
    project = _copy(undisturbed, tmp_path, "01_raw", "02_intermediate")
    run = begin(project, "augment")
    until = time.monotonic() + 60
    while not leftovers(project):
        assert time.monotonic() < until, run.said
    run.send(number)
    _check_end(run, project, status)
    assert finished_work(project) == {}


def _version(project: Path) -> str:
    (version,) = (project / "data" / "04_feature" / "augmented").iterdir()
    return version.name
