"""A variant's run in MLflow, and that of its study. It is imported only when needed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kigezi.datasets.mlflow_figures import EPOCH_METRICS
from kigezi.datasets.mlflow_runs import (
    COMPLETE,
    PARENT,
    RUNNING,
    experiment,
    find_or_create,
    find_runs,
    mark_running,
)
from kigezi.datasets.mlflow_server import Server
from kigezi.records import Assignment, digest_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run


@dataclass(frozen=True)
class Variant:
    """What a variant's run is found by, and what is known before it is trained."""

    study_name: str
    assignment: Assignment
    dataset: str
    """digest of the dataset version"""
    key: str
    """key of the training"""

    @property
    def study(self) -> str:
        """Which study this belongs to: its plan and photographs."""
        return digest_of([self.dataset, self.assignment.plan])

    @property
    def tags(self) -> dict[str, str]:
        """What no two runs have in common."""
        return {
            "kigezi.study": self.study,
            "kigezi.stage": self.assignment.stage,
            "kigezi.variant": self.assignment.variant,
            "kigezi.recipe": digest_of(self.assignment.recipe.model_dump()),
            "kigezi.key": self.key,
        }

    @property
    def parameters(self) -> dict[str, str]:
        """What MLflow shows as the run's parameters."""
        parameters = {
            "stage": self.assignment.stage,
            "variant": self.assignment.variant,
            "dataset": self.dataset[:12],
            "protocol": self.assignment.protocol.words,
            **self.assignment.recipe.model_dump(),
        }
        return {name: str(value) for name, value in parameters.items()}


@dataclass(frozen=True)
class OpenRun:
    """A variant's run on the server."""

    run_id: str
    parent: str
    home: str
    """id of the experiment"""
    complete: str | None
    """what it shows, if it is complete"""
    logged: Mapping[int, int]
    """when each of the epochs ended that it shows, in milliseconds since 1970"""


def open_study(client: "MlflowClient", home: str, variant: Variant) -> "Run":
    """The study's parent run."""
    tags = {"kigezi.study": variant.study, "kigezi.role": "study"}
    name = f"{variant.study_name} {variant.study[:8]}"
    return find_or_create(client, home, tags, name)


def open_variant(client: "MlflowClient", server: Server, variant: Variant) -> OpenRun:
    """A variant's run, RUNNING unless it is complete."""
    home = experiment(client, server)
    study = open_study(client, home, variant)
    parent, name = study.info.run_id, variant.assignment.name
    run = find_or_create(client, home, variant.tags, name, parent)
    run_id, complete = run.info.run_id, run.data.tags.get(COMPLETE)
    if not complete:
        if study.info.status != "RUNNING":
            mark_running(client, study, {})
        mark_running(client, run, {PARENT: parent})
        _describe(client, run, variant)
    shown = EPOCH_METRICS[0] in run.data.metrics
    points = client.get_metric_history(run_id, EPOCH_METRICS[0]) if shown else []
    logged = {point.step: point.timestamp for point in points}
    return OpenRun(run_id, parent, home, complete, logged)


def finish_study(server: Server, variant: Variant, client: "MlflowClient") -> None:
    """Mark the study of a variant as finished."""
    study = open_study(client, experiment(client, server), variant)
    if study.info.status != "FINISHED":
        client.set_terminated(study.info.run_id)


def end_idle(server: Server, study: str, client: "MlflowClient") -> None:
    """Mark a study as finished, by its run's id, if no variant is being trained."""
    home = experiment(client, server)
    idle = not find_runs(client, home, {PARENT: study}, RUNNING)
    if idle and client.get_run(study).info.status == "RUNNING":
        client.set_terminated(study)


def _describe(client: "MlflowClient", run: "Run", variant: Variant) -> None:
    """Log what is missing of parameters and dataset: MLflow refuses changed ones."""
    from mlflow.entities import Dataset, DatasetInput, Param

    missing = variant.parameters.keys() - run.data.params.keys()
    params = [Param(name, variant.parameters[name]) for name in sorted(missing)]
    client.log_batch(run.info.run_id, params=params)
    if not run.inputs.dataset_inputs:
        digest = variant.dataset
        dataset = Dataset(variant.study_name, digest[:32], "kigezi", digest)
        client.log_inputs(run.info.run_id, datasets=[DatasetInput(dataset, [])])
