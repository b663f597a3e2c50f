"""Where MLflow is, as mlflow.yml and the environment say. Importing it is slow."""

import os
import sys
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext

from kigezi.configuration import validate
from kigezi.datasets.mlflow_server import Server
from kigezi.errors import ConfigurationError

_NAMED = os.environ.get("MLFLOW_TRACKING_URI")
"""read once, for MLflow itself writes into it later"""


class LazyMlflow:
    """kedro-mlflow's configuration, read when somebody asks."""

    def __init__(self, context: KedroContext) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(_settings(self._context), name)


def tracking_server(context: KedroContext) -> Server:
    """The server that is named; a local one keeps its files in the project."""
    settings = _settings(context)
    experiment = settings.tracking.experiment
    location = experiment.create_experiment_kwargs.artifact_location
    uri = settings.server.mlflow_tracking_uri
    local = uri.startswith("sqlite:")
    folder = Path(context.project_path, location).as_uri() if location else None
    return Server(uri, experiment.name, folder if local else None)


def _settings(context: KedroContext) -> Any:
    from kedro_mlflow.config.kedro_mlflow_config import KedroMlflowConfig

    loader = context.config_loader
    settings = validate(KedroMlflowConfig, loader["mlflow"], loader, "mlflow*")
    uri = _NAMED or settings.server.mlflow_tracking_uri
    if uri is None:
        raise ConfigurationError(
            "conf/base/mlflow.yml: server.mlflow_tracking_uri is missing; write "
            "sqlite:///mlflow.db, or the address of a server."
        )
    settings.server.mlflow_tracking_uri = _absolute(uri, Path(context.project_path))
    _prepare_pages(settings.ui.host)
    return settings


def _prepare_pages(host: str) -> None:
    """What `kedro mlflow ui` has no options for, and the program `mlflow` needs."""
    # It stands beside this Python, a folder that is not on the path of somebody who
    # calls .venv/bin/kedro.
    programs = str(Path(sys.executable).parent)
    if programs not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", "")])
    # By default it answers to 10.evil.com too, which may lead to this machine.
    allowed = ",".join(f"{name}:*" for name in sorted({"localhost", "127.0.0.1", host}))
    os.environ.setdefault("MLFLOW_SERVER_ALLOWED_HOSTS", allowed)
    # Its jobs are of no use here, and take seven processes.
    os.environ.setdefault("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")


def _absolute(uri: str, project: Path) -> str:
    """A database file relative to the project, wherever the command is run."""
    prefix = "sqlite:///"
    if not uri.startswith(prefix) or Path(uri.removeprefix(prefix)).is_absolute():
        return uri
    return prefix + (project / uri.removeprefix(prefix)).as_posix()
