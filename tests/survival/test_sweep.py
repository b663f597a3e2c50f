"""Every moment at which a process can die, and every file for which a disk has no room.

Of ingest, which takes seconds a point, only some points are tried unless KIGEZI_SWEEP=1
asks for all.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.survival.cases import CASES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="it forks and asks /proc"),
]
EVERY = {"ingest": int(os.environ.get("KIGEZI_SWEEP", "8"))}


def _interrupt(kind: str, case: str, folder: Path) -> dict[str, Any]:
    every = str(EVERY.get(case, 1))
    done = subprocess.run(
        [sys.executable, "-m", "tests.survival.sweep", kind, case, folder, every],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("case", CASES)
def test_a_process_may_die_at_any_change(case: str, tmp_path: Path) -> None:
    found = _interrupt("crash", case, tmp_path)
    assert any(change.startswith("os.rename ") for change in found["changes"])
    assert not found["problems"]


@pytest.mark.parametrize("case", CASES)
def test_a_disk_may_be_full_for_any_file(case: str, tmp_path: Path) -> None:
    found = _interrupt("full", case, tmp_path)
    assert found["sizes"]
    assert not found["problems"]
    for said in found["told"]:
        assert "File too large" in said or "disk is full" in said or "room" in said
