"""The project's folder, and copies of it, for tests and benchmarks alike.

Apart from conftest.py, which fixes one thread for whoever imports it.
"""

import shutil
from pathlib import Path

PROJECT = Path(__file__).parent.parent


def copy_project(folder: Path) -> Path:
    """The project without its data, so that a test may run commands in it."""
    for name in ("conf", "src"):
        unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info", "credentials*")
        shutil.copytree(PROJECT / name, folder / name, ignore=unwanted)
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(PROJECT / name, folder)
    (folder / "conf" / "local").mkdir(exist_ok=True)
    return folder
