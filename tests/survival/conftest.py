"""A study that nobody disturbs, with which the others are compared."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.survival.outcome import outcome
from tests.survival.running import run_to_the_end
from tests.survival.small_study import PIPELINES, make_project


@dataclass
class Undisturbed:
    """A study that nobody disturbed."""

    project: Path
    after: dict[str, dict[str, Any]] = field(default_factory=dict)
    """all that there is after each pipeline"""
    seconds: dict[str, float] = field(default_factory=dict)
    """that each pipeline's work took"""
    changes: dict[str, int] = field(default_factory=dict)
    """that each pipeline made below data/"""


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """The small study, pipeline by pipeline."""
    found = Undisturbed(make_project(tmp_path_factory.mktemp("undisturbed")))
    for pipeline in PIPELINES:
        took = run_to_the_end(found.project, pipeline)
        found.seconds[pipeline], found.changes[pipeline] = took
        found.after[pipeline] = outcome(found.project)
    return found
