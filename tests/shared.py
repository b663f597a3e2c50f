"""What takes long to make, made once for all processes of a test run."""

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock


def made_once(
    factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Any]
) -> Any:
    """What `make` returns of an empty folder, called by whichever process asks first.

    Args:
        factory: Pytest's.
        name: What the folder is called.
        make: Gets the path of the folder, which nobody may change afterwards.
    """
    run = factory.getbasetemp()
    # Each process of pytest-xdist has a folder of its own in that of the run.
    if "PYTEST_XDIST_WORKER" in os.environ:
        run = run.parent
    kept = run / f"{name}.pickle"
    with FileLock(run / f"{name}.lock"):
        if not kept.exists():
            # Nothing but the remains of a process that failed to make it.
            shutil.rmtree(run / name, ignore_errors=True)
            (run / name).mkdir()
            kept.write_bytes(pickle.dumps(make(run / name)))
        return pickle.loads(kept.read_bytes())
