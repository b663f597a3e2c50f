"""What a Dask worker does with a job."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from distributed import get_worker
from distributed.diagnostics.plugin import ForwardLoggingPlugin
from kedro.framework.project import settings
from kedro.framework.startup import bootstrap_project
from kedro.io import MemoryDataset
from kedro.pipeline import Pipeline
from kedro.runner import SequentialRunner

from kigezi.errors import ConfigurationError
from kigezi.quiet import silence_other_packages
from kigezi.runners.jobs import Job
from kigezi.runners.project import Project, code_digest
from kigezi.stopping import Stopped, ask_to_stop, stoppable

# Trainings of one process share compiled networks.
_one_at_a_time = threading.Lock()
_training: dict[str, str] = {}


def train(project: Project, job: Job) -> dict[str, Any]:
    """Train the variants of a job.

    Returns:
        The trials, by the dataset's name in the catalog.

    Raises:
        KigeziError: Something that the user can mend, in one sentence.
    """
    with _one_at_a_time:
        _check(project)
        _set_up(project.path)
        _use(project.environment)
        with _log_sent_to(project.log_topic, project.log_level), _stoppable(project):
            return _run(project, job)


def stop(run: str, number: int) -> None:
    """Have this worker stop after the epoch that it trains.

    Args:
        run: The log's topic of the run that is to stop; others go on.
        number: The signal that the driver was given.
    """
    if _training.get("run") == run:
        ask_to_stop(number)


def dask_setup(worker: Any) -> None:
    """Leave Ctrl-C and the printing of log lines to the driver.

    Dask calls it in workers that were started with `--preload` and this module.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.getLogger("kigezi").propagate = False
    # Dask would tell of every connection; its own setting is lost once Kedro's is read.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)


class StoppedEarlyError(Exception):
    """The driver asked for it. Dask would take `Stopped` for the worker's own end."""


@contextmanager
def _stoppable(project: Project) -> Iterator[None]:
    _training["run"] = project.log_topic
    try:
        with stoppable():
            yield
    except Stopped as stopped:
        raise StoppedEarlyError(str(stopped)) from None
    finally:
        _training.clear()


def _run(project: Project, job: Job) -> dict[str, Any]:
    session = settings.SESSION_CLASS.create(
        project.path,
        save_on_close=False,
        env=project.env,
        runtime_params=dict(project.runtime_params),
        conf_source=project.conf_source,
    )
    context = session.load_context()
    # As Kedro's session gets it; the public `context.catalog` knows no versions.
    catalog = context._get_catalog(load_versions=dict(project.load_versions))
    hooks = context._hook_manager
    for name, assignment in job.assignments.items():
        catalog[name] = MemoryDataset(assignment, copy_mode="assign")
    outputs = [name for node in job.nodes for name in node.outputs]
    for name in outputs:
        catalog[name] = MemoryDataset(copy_mode="assign")
    for node in (*job.everywhere, *job.nodes):
        SequentialRunner().run(Pipeline([node]), catalog, hooks, project.run_id)
    return {name: catalog.load(name) for name in outputs}


def _check(project: Project) -> None:
    worker = f"the Dask worker {get_worker().address}"
    if not (project.path / "pyproject.toml").is_file():
        raise ConfigurationError(
            f"{worker} does not see the project's folder {project.path}: it has to be "
            "at the same path on every machine."
        )
    if project.code != code_digest():
        raise ConfigurationError(
            f"{worker} runs another version of this project's code: start the workers "
            "anew, all from the same folder."
        )


@cache
def _set_up(path: Path) -> None:
    silence_other_packages()
    bootstrap_project(path)


def _use(environment: Mapping[str, str]) -> None:
    """Train with the driver's backend, threads and so on: they decide the weights."""
    for name, value in environment.items():
        used = os.environ.get(name, "")
        if "keras" in sys.modules and used != value:
            raise ConfigurationError(
                f"the Dask worker {get_worker().address} has already trained with "
                f"{name}={used}, but this run takes {value}: start the workers anew."
            )
        if value:
            os.environ[name] = value
        else:  # TensorFlow takes an empty one for a mistake
            os.environ.pop(name, None)


@contextmanager
def _log_sent_to(topic: str, level: int) -> Iterator[None]:
    """Send the project's log lines to the driver meanwhile."""
    logger = logging.getLogger("kigezi")
    logger.setLevel(level)
    forwarding = ForwardLoggingPlugin(logger.name, level, topic)
    forwarding.setup(get_worker())
    try:
        yield
    finally:
        forwarding.teardown(get_worker())
