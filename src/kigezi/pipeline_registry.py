"""The project's pipelines."""

from importlib import import_module
from pathlib import Path

from kedro.framework.project import find_pipelines
from kedro.pipeline import Pipeline

from kigezi.errors import ConfigurationError

MAIN = ("ingest", "augment", "tune", "report")
"""What `kedro run` runs: the study, in this order."""

MAKERS = (*MAIN, "export")
"""Pipelines whose results others need, in the order in which they run."""


def register_pipelines() -> dict[str, Pipeline]:
    """All pipelines by name; `__default__` is the sum of the main ones."""
    try:
        pipelines = find_pipelines(raise_errors=True)
    except ImportError as error:
        if error.__cause__ is not None:
            raise
        raise ConfigurationError(_explain(error)) from None
    study = [pipelines[name] for name in MAIN if name in pipelines]
    return {**pipelines, "__default__": sum(study, Pipeline([]))}


def _explain(error: ImportError) -> str:
    """A pipeline has no folder; a folder that fails to import would be the cause."""
    asked = str(error).split("'")[1].split(".")[-1]
    folders = sorted(Path(__file__).parent.glob("pipelines/*/pipeline.py"))
    known = ", ".join(folder.parent.name for folder in folders)
    return (
        f"there is no pipeline '{asked}': use one of {known}, or leave --pipeline out "
        "for the whole study."
    )


def maker_of(dataset: str) -> str | None:
    """The pipeline that makes a dataset which others need, if one does."""
    for name in MAKERS:
        module = import_module(f"kigezi.pipelines.{name}")
        if dataset in module.create_pipeline().all_outputs():
            return name
    return None
