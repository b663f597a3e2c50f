"""The small study as it comes out where nobody disturbs it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.small_study import PIPELINES, make_project
from tests.survival.outcome import outcome
from tests.survival.running import run_to_the_end


@dataclass
class Undisturbed:
    """A project in which the study was run, and what came out."""

    project: Path
    after: dict[str, dict[str, Any]] = field(default_factory=dict)
    """all that there is after each pipeline"""
    seconds: dict[str, float] = field(default_factory=dict)
    """that each pipeline's work took"""
    changes: dict[str, int] = field(default_factory=dict)
    """that each pipeline made below data/"""


def run_undisturbed(folder: Path) -> Undisturbed:
    """The study in a folder, pipeline by pipeline."""
    found = Undisturbed(make_project(folder))
    for pipeline in PIPELINES:
        took = run_to_the_end(found.project, pipeline)
        found.seconds[pipeline], found.changes[pipeline] = took
        found.after[pipeline] = outcome(found.project)
    return found
