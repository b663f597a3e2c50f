"""Runs that are killed at random moments end as those that nobody disturbs.

Few are killed by default; KIGEZI_KILLS=augment=50,tune=30 asks for more. Every run says
which KIGEZI_SEED repeats its moments.
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

from tests.small_study import PIPELINES, make_project
from tests.survival.outcome import (
    differences,
    finished_work,
    in_a_training,
    leftovers,
    outcome,
)
from tests.survival.running import interrupt, sleep
from tests.undisturbed import Undisturbed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="it has no such signals"),
]
FEW = "ingest=1,augment=2,tune=1"
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
    """What all interruptions together did."""

    kills: Counter[str] = field(default_factory=Counter)
    sleeps: int = 0
    in_writes: int = 0
    in_trainings: int = 0
    losses: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        by_pipeline = ", ".join(f"{self.kills[name]} in {name}" for name in PIPELINES)
        return (
            f"{self.kills.total()} kills ({by_pipeline}), {self.in_writes} inside a "
            f"write, {self.in_trainings} between epochs, and {self.sleeps} sleeps: "
            f"{len(self.losses)} losses, {len(self.differences)} differences"
        )

    def count_losses(self, before: dict[str, Any], project: Path) -> None:
        """What was finished before the latest run has to be there as it was."""
        now = finished_work(project)
        self.losses += [
            name for name, value in before.items() if now.get(name) != value
        ]


def _forget(project: Path, pipeline: str) -> None:
    """Remove what a pipeline has made."""
    for name in MADE_BY[pipeline]:
        shutil.rmtree(project / name, ignore_errors=True)
        (project / name).unlink(missing_ok=True)


def _disturb(project: Path, pipeline: str, moments: list[float], toll: Toll) -> None:
    """Kill a pipeline at each moment but the last, at which it falls asleep.

    It may come to its end before.
    """
    done: dict[str, Any] = {}
    for moment in moments[:-1]:
        killed = interrupt(project, pipeline, moment)
        toll.count_losses(done, project)
        if not killed:
            return
        done = finished_work(project)
        toll.kills[pipeline] += 1
        toll.in_writes += bool(leftovers(project))
        toll.in_trainings += pipeline == "tune" and in_a_training(project)
    toll.sleeps += sleep(project, pipeline, moments[-1])
    toll.count_losses(done, project)


def _kills_wanted() -> dict[str, int]:
    pairs = [one.split("=") for one in os.environ.get("KIGEZI_KILLS", FEW).split(",")]
    return {
        **dict.fromkeys(PIPELINES, 0),
        **{name: int(kills) for name, kills in pairs},
    }


def _draw(chance: random.Random, seconds: float, changes: int) -> float | int:
    """A moment in time, or as often a change on disk, for most time goes by without."""
    if chance.random() < 0.5:
        return chance.uniform(0, seconds)
    return chance.choice((-1, 1)) * chance.randint(1, changes)


def test_nothing_is_lost_and_nothing_differs(
    tmp_path: Path, undisturbed: Undisturbed, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("KIGEZI_SEED", time.time()))
    chance, toll, project = random.Random(seed), Toll(), make_project(tmp_path)
    for pipeline, wanted in _kills_wanted().items():
        span = undisturbed.seconds[pipeline], undisturbed.changes[pipeline]
        while True:
            _forget(project, pipeline)
            kills = min(4, wanted - toll.kills[pipeline])
            moments = [_draw(chance, *span) for _ in range(kills)]
            moments.append(chance.uniform(0, span[0]))
            _disturb(project, pipeline, moments, toll)
            found = differences(outcome(project), undisturbed.after[pipeline])
            found += leftovers(project)
            toll.differences += [f"after {pipeline}: {name}" for name in found]
            if toll.kills[pipeline] >= wanted:
                break
    said = f"{toll} (KIGEZI_SEED={seed})"
    with capsys.disabled():
        sys.stdout.write(f"\n{said}\n")
    assert not toll.losses, said
    assert not toll.differences, said
