"""What happens around a run: checks before any work, MLflow after it."""

import logging
import re
import shlex
from functools import partial
from pathlib import Path

import pandas as pd
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline

from kigezi.configuration import environment_changes, flatten, load_parameters
from kigezi.datasets.tracking import TrackingDataset, close_tracking
from kigezi.datasets.weights import BackboneWeights
from kigezi.errors import DataError
from kigezi.mlflow_settings import LazyMlflow, tracking_server
from kigezi.plan import all_recipes
from kigezi.processor import prepare_training
from kigezi.records import ingest_digest
from kigezi.schemas import IngestParameters, Parameters

_log = logging.getLogger(__name__)


class ProjectHooks:
    """Checks and connections that Kedro has no configuration for."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Check every parameter and find MLflow, before pipelines are built."""
        parameters = load_parameters(context.config_loader)
        prepare_training(context.config_loader["globals"]["threads"])
        TrackingDataset.server = partial(tracking_server, context)
        # `kedro mlflow ui` looks for its configuration here.
        object.__setattr__(context, "mlflow", LazyMlflow(context))
        self._weights = BackboneWeights(Path(context.project_path))
        self._parameters = parameters
        self._changes = environment_changes(context.config_loader)
        self._environment = context.env or "local"
        self._command = _command(context)

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: DataCatalog) -> None:
        """Say what differs from conf/base, and stop if something is not there yet."""
        if "command" in pipeline.inputs():
            catalog.save("command", self._command)
        used = {_block(name.removeprefix("params:")) for name in pipeline.inputs()}
        others = Parameters.model_fields.keys() - used
        for change in self._changes:
            if _block(change) in others:  # of what this pipeline never reads
                continue
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


def _block(key: str) -> str:
    """The block of parameters that a key, or a line about one, belongs to."""
    return "tune" if key.startswith("left out:") else re.split("[.:]", key)[0]


def _command(context: KedroContext) -> str:
    """The command that runs the whole study with these settings."""
    parts = ["kedro run"]
    if context.env:
        parts.append(f"--env={context.env}")
    if settings := dict(flatten(context.config_loader.runtime_params or {})):
        pairs = (f"{k}={'null' if v is None else v}" for k, v in settings.items())
        parts.append(shlex.quote(f"--params={','.join(pairs)}"))
    return " ".join(parts)


def _check_ledger(ledger: pd.DataFrame, ingest: IngestParameters) -> None:
    """Refuse a ledger of other settings: its split and photographs are not these."""
    if set(ledger["made_with"]) != {ingest_digest(ingest)}:
        raise DataError(
            "the ledger of photographs was made with other ingest settings than these: "
            "run `kedro run --pipeline=ingest` first (with the same --env and "
            "--params)."
        )


def _how_to_make(missing: list[str]) -> str:
    """The first step to take: what the earliest of the pipelines makes."""
    from kigezi.pipeline_registry import MAKERS, maker_of

    makers = {name: maker_of(name) for name in missing}
    made = [name for name in missing if makers[name]]
    if not made:
        return f"{missing[0]} is not there, and no pipeline makes it: see conf/base."
    name = min(made, key=lambda name: MAKERS.index(makers[name]))
    return (
        f"{name} is not there yet: run `kedro run --pipeline={makers[name]}` first "
        "(with the same --env and --params)."
    )
