"""What happens around a run: checks before any work, and where MLflow is."""

import logging
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline

from kigezi.configuration import environment_changes, load_parameters, validate
from kigezi.datasets.tracking import Server, TrackingDataset, close_tracking
from kigezi.datasets.weights import BackboneWeights
from kigezi.errors import ConfigurationError, DataError
from kigezi.plan import all_recipes
from kigezi.records import ingest_digest
from kigezi.schemas import IngestParameters
from kigezi.threads import use_threads

_log = logging.getLogger(__name__)


class ProjectHooks:
    """Checks and connections that Kedro has no configuration for."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Check every parameter and find MLflow, before pipelines are built."""
        parameters = load_parameters(context.config_loader)
        use_threads(context.config_loader["globals"]["threads"])
        TrackingDataset.server = partial(_server, context)
        # `kedro mlflow ui` looks for its configuration here.
        object.__setattr__(context, "mlflow", _LazyMlflow(context))
        self._weights = BackboneWeights(Path(context.project_path))
        self._parameters = parameters
        self._changes = environment_changes(context.config_loader)
        self._environment = context.env or "local"

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: DataCatalog) -> None:
        """Say what differs from conf/base, and stop if something is not there yet."""
        for change in self._changes:
            _log.info("conf/%s or --params: %s", self._environment, change)
        needed = (name for name in pipeline.inputs() if not name.startswith("params:"))
        if missing := [name for name in sorted(needed) if not catalog.exists(name)]:
            raise DataError(_how_to_make(missing))
        if "tracking" in pipeline.inputs():
            TrackingDataset.server()
        if "params:tune" in pipeline.inputs():
            recipes = all_recipes(self._parameters.tune)
            named = {(recipe.weights, recipe.alpha): recipe for recipe in recipes}
            # A file that is misspelt is found out before another is downloaded.
            for recipe in sorted(named.values(), key=lambda r: r.weights == "imagenet"):
                self._weights.find(recipe)
        if "ledger" in pipeline.inputs():
            _check_ledger(catalog.load("ledger"), self._parameters.ingest)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Send what MLflow has missed meanwhile."""
        close_tracking()


def _check_ledger(ledger: pd.DataFrame, ingest: IngestParameters) -> None:
    """Refuse a ledger of other settings: its split and photographs are not these."""
    if set(ledger["made_with"]) != {ingest_digest(ingest)}:
        raise DataError(
            "the ledger of photographs was made with other ingest settings than these: "
            "run `kedro run --pipeline=ingest` first (with the same --env and "
            "--params)."
        )


class _LazyMlflow:
    """kedro-mlflow's configuration, read when somebody asks: its import is slow."""

    def __init__(self, context: KedroContext) -> None:
        self._context = context

    def __getattr__(self, name: str) -> Any:
        return getattr(_mlflow_config(self._context), name)


def _mlflow_config(context: KedroContext) -> Any:
    from kedro_mlflow.config.kedro_mlflow_config import KedroMlflowConfig

    # `kedro mlflow ui` starts the program `mlflow`, which stands beside this Python, a
    # folder that is not on the path of somebody who calls .venv/bin/kedro.
    programs = str(Path(sys.executable).parent)
    if programs not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", "")])
    loader = context.config_loader
    config = validate(KedroMlflowConfig, loader["mlflow"], loader, "mlflow*")
    if config.server.mlflow_tracking_uri is None:
        raise ConfigurationError(
            "conf/base/mlflow.yml: server.mlflow_tracking_uri is missing; write "
            "sqlite:///mlflow.db, or the address of a server."
        )
    config.server.mlflow_tracking_uri = _absolute(
        config.server.mlflow_tracking_uri, Path(context.project_path)
    )
    # By default MLflow answers to 10.evil.com too, which may lead to this machine.
    hosts = {"localhost", "127.0.0.1", config.ui.host}
    allowed = ",".join(sorted(f"{host}:*" for host in hosts))
    os.environ.setdefault("MLFLOW_SERVER_ALLOWED_HOSTS", allowed)
    # Jobs are of no use here, and take seven processes.
    os.environ.setdefault("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
    return config


def _server(context: KedroContext) -> Server:
    """The server that mlflow.yml names; a local one keeps its files in the project."""
    config = _mlflow_config(context)
    experiment = config.tracking.experiment
    location = experiment.create_experiment_kwargs.artifact_location
    uri = config.server.mlflow_tracking_uri
    local = uri.startswith("sqlite:")
    folder = Path(context.project_path, location).as_uri() if location else None
    return Server(uri, experiment.name, folder if local else None)


def _absolute(uri: str, project: Path) -> str:
    """A database file relative to the project, wherever the command is run."""
    prefix = "sqlite:///"
    if not uri.startswith(prefix) or Path(uri.removeprefix(prefix)).is_absolute():
        return uri
    return prefix + (project / uri.removeprefix(prefix)).as_posix()


def _how_to_make(missing: list[str]) -> str:
    """The first step to take: what the earliest of the pipelines makes."""
    from kigezi.pipeline_registry import MAIN, maker_of

    makers = {name: maker_of(name) for name in missing}
    made = [name for name in missing if makers[name]]
    if not made:
        return f"{missing[0]} is not there, and no pipeline makes it: see conf/base."
    name = min(made, key=lambda name: MAIN.index(makers[name]))
    return (
        f"{name} is not there yet: run `kedro run --pipeline={makers[name]}` first "
        "(with the same --env and --params)."
    )
