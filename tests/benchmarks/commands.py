"""Run Kedro commands in a copy of the project, and measure the time and memory."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.projects import copy_project

_EVERY = 0.1
"""seconds between two looks at the memory"""


@dataclass(frozen=True)
class Run:
    """What a command took."""

    seconds: float
    memory: float
    """largest private memory of all its processes together, in bytes"""
    output: str


class Project:
    """A copy of the project with settings of its own, in the environment `bench`."""

    def __init__(self, folder: Path, parameters: str) -> None:
        """Copy the project.

        Args:
            folder: An empty folder.
            parameters: What differs from conf/base, as YAML.
        """
        self.folder = copy_project(folder)
        environment = folder / "conf" / "bench"
        environment.mkdir()
        (environment / "globals.yml").write_text("study: bench\n", encoding="utf-8")
        (environment / "parameters.yml").write_text(parameters, encoding="utf-8")

    def kedro(self, *arguments: str) -> Run:
        """Run `kedro` with the environment, which has to be last among arguments."""
        return measure([sys.executable, "-m", "kedro", *arguments], self.folder)

    def run(self, *arguments: str) -> Run:
        """`kedro run --env=bench`."""
        return self.kedro("run", "--env=bench", *arguments)


def measure(command: Sequence[str], folder: Path) -> Run:
    """Run a command and look at its memory until it ends.

    Private memory is what is resident and not backed by a file: mapped arrays and
    program files can be dropped at any time, so they are not counted.

    Raises:
        RuntimeError: The command failed.
    """
    paths = os.pathsep.join([str(folder / "src"), str(Path(__file__).parents[2])])
    log = folder / "output.log"
    started = time.perf_counter()
    with log.open("w", encoding="utf-8") as output:
        process = psutil.Popen(
            command,
            cwd=folder,
            env=os.environ | {"PYTHONPATH": paths},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        most = 0
        while process.poll() is None:
            most = max(most, _private_memory(process))
            time.sleep(_EVERY)
    seconds = time.perf_counter() - started
    text = log.read_text(encoding="utf-8")
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{text[-2000:]}")
    return Run(seconds, most, text)


def _private_memory(process: psutil.Process) -> int:
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    return sum(_private(member) for member in family)


def _private(process: psutil.Process) -> int:
    try:
        memory = process.memory_info()
    except psutil.Error:  # it has ended meanwhile
        return 0
    # Only Linux says how much of it is backed by files.
    return memory.rss - getattr(memory, "shared", 0)
