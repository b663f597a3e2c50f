"""Runs that are killed at random moments end as those that nobody disturbs.

Few of them by default; KIGEZI_KILLS=augment=50,tune=30 asks for more. KIGEZI_SEED
repeats the moments of a run, which prints its own.
"""

import os
import random
import shutil
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.survival.outcome import (
    differences,
    finished_work,
    in_a_training,
    leftovers,
    outcome,
)
from tests.survival.running import interrupt, run_to_the_end
from tests.survival.small_study import PIPELINES, make_project

pytestmark = pytest.mark.slow
FEW = "ingest=1,augment=2,tune=1,report=1"
MADE_BY = {
    "ingest": ("data/01_raw/drawn", "data/02_intermediate"),
    "augment": ("data/04_feature/augmented",),
    "tune": (
        *("data/05_model_input", "data/06_models", "data/07_model_output"),
        *("data/08_reporting/mlflow", "mlflow.db"),
    ),
    "report": (),
}


@dataclass
class Toll:
    """What all kills together did."""

    kills: Counter[str] = field(default_factory=Counter)
    in_writes: int = 0
    in_trainings: int = 0
    losses: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        by_pipeline = ", ".join(f"{self.kills[name]} in {name}" for name in PIPELINES)
        return (
            f"{self.kills.total()} kills ({by_pipeline}), {self.in_writes} inside a "
            f"write, {self.in_trainings} inside a training: {len(self.losses)} losses, "
            f"{len(self.differences)} differences"
        )


@dataclass
class Undisturbed:
    """A study that nobody disturbed."""

    after: dict[str, dict[str, Any]] = field(default_factory=dict)
    """all that there is after each pipeline"""
    seconds: dict[str, float] = field(default_factory=dict)
    """that each pipeline's work took"""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    project = make_project(tmp_path_factory.mktemp("undisturbed") / "project")
    found = Undisturbed()
    for pipeline in PIPELINES:
        found.seconds[pipeline] = run_to_the_end(project, pipeline)
        found.after[pipeline] = outcome(project)
    return found


def _forget(project: Path, pipeline: str) -> None:
    """Remove what a pipeline has made."""
    for name in MADE_BY[pipeline]:
        shutil.rmtree(project / name, ignore_errors=True)
        (project / name).unlink(missing_ok=True)


def _kill(project: Path, pipeline: str, moments: list[float], toll: Toll) -> None:
    """Kill a pipeline at each moment, and let it end then or by itself before."""
    done: dict[str, Any] = {}
    for moment in [*moments, None]:
        killed = interrupt(project, pipeline, moment)
        now = finished_work(project)
        toll.losses += [name for name in done if now.get(name) != done[name]]
        if not killed:
            break
        done = now
        toll.kills[pipeline] += 1
        toll.in_writes += bool(leftovers(project))
        toll.in_trainings += pipeline == "tune" and in_a_training(project)
    toll.differences += leftovers(project)


def test_nothing_is_lost_and_nothing_differs(
    tmp_path: Path, undisturbed: Undisturbed, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("KIGEZI_SEED", time.time()))
    chance, toll = random.Random(seed), Toll()
    project = make_project(tmp_path / "project")
    asked = os.environ.get("KIGEZI_KILLS", FEW).split(",")
    wanted = {name: int(kills) for name, kills in (one.split("=") for one in asked)}
    for pipeline in PIPELINES:
        left, seconds = wanted.get(pipeline, 0), undisturbed.seconds[pipeline]
        while True:
            _forget(project, pipeline)
            moments = [chance.uniform(0, seconds) for _ in range(min(4, left))]
            _kill(project, pipeline, moments, toll)
            after = differences(outcome(project), undisturbed.after[pipeline])
            toll.differences += [f"after {pipeline}: {name}" for name in after]
            left = wanted.get(pipeline, 0) - toll.kills[pipeline]
            if left <= 0:
                break
    with capsys.disabled():
        sys.stdout.write(f"\n{toll} (KIGEZI_SEED={seed})\n")
    assert not toll.losses
    assert not toll.differences
