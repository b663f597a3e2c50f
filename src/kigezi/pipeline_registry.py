"""The project's pipelines."""

from importlib import import_module

from kedro.framework.project import find_pipelines
from kedro.pipeline import Pipeline

MAIN = ("ingest", "augment", "tune", "report")
"""What `kedro run` runs: the study, in this order."""


def register_pipelines() -> dict[str, Pipeline]:
    """All pipelines by name; `__default__` is the sum of the main ones."""
    pipelines = find_pipelines(raise_errors=True)
    study = [pipelines[name] for name in MAIN if name in pipelines]
    return {**pipelines, "__default__": sum(study, Pipeline([]))}


def maker_of(dataset: str) -> str | None:
    """The main pipeline that makes a dataset, if one does."""
    for name in MAIN:
        module = import_module(f"kigezi.pipelines.{name}")
        if dataset in module.create_pipeline().all_outputs():
            return name
    return None
