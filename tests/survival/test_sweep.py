"""Every moment at which a process can die, and every file for which a disk has no room.

Where there are many, only some are tried unless KIGEZI_SWEEP=1 asks for every one.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.projects import PROJECT
from tests.survival.cases import CASES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="it forks and asks /proc"),
]
KINDS = ("crash", "full")
EVERY = {"ingest": 12, "augment": 8, "train": 5}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the sweeps of all cases found, by kind and case."""
    every = {case: EVERY.get(case, 1) for case in CASES}
    if asked := os.environ.get("KIGEZI_SWEEP"):
        every = dict.fromkeys(CASES, int(asked))
    return {kind: _sweep(kind, tmp_path_factory.mktemp(kind), every) for kind in KINDS}


def _sweep(kind: str, folder: Path, every: dict[str, int]) -> dict[str, Any]:
    cases = [f"{case}={number}" for case, number in every.items()]
    done = subprocess.run(
        [sys.executable, "-m", "tests.survival.sweep", kind, folder, *cases],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("case", CASES)
def test_a_process_may_die_at_any_change(case: str, found: dict[str, Any]) -> None:
    changes = found["crash"][case]["changes"]
    assert any(change.startswith("os.rename ") for change in changes)
    assert not found["crash"][case]["problems"]


@pytest.mark.parametrize("case", CASES)
def test_a_disk_may_be_full_for_any_file(case: str, found: dict[str, Any]) -> None:
    full = found["full"][case]
    assert full["sizes"]
    assert not full["problems"]
    for said in full["told"]:
        assert "File too large" in said or "disk is full" in said or "room" in said
