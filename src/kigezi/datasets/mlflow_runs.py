"""The runs of a study: found again by tags, made where they are missing, each once.

Several processes may look for the same run at once. MLflow cannot create "unless it is
there", so whoever creates looks again: of several, the oldest is everybody's, and the
others are deleted. MLflow is imported only when it is needed.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kigezi.datasets.mlflow_figures import EPOCH_METRICS
from kigezi.datasets.mlflow_server import Server
from kigezi.datasets.processes import has_ended, this_host, this_process
from kigezi.records import Assignment, digest_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

COMPLETE = "kigezi.complete"
_PARENT = "mlflow.parentRunId"
_HOST, _PROCESS = "kigezi.host", "kigezi.process"

_RUNNING = "attributes.status = 'RUNNING'"

_SETTLE = 0.5
"""seconds that others are given to show the parent run that they create just now"""


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


def experiment(client: "MlflowClient", server: Server) -> str:
    """The experiment's id; it is created, or taken out of the bin, where needed."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(server.experiment)
    if found is None:
        try:
            return client.create_experiment(server.experiment, server.artifact_location)
        except MlflowException:  # somebody else was faster, or the server is away
            found = client.get_experiment_by_name(server.experiment)
            if found is None:
                raise
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return found.experiment_id


def find_runs(
    client: "MlflowClient", home: str, tags: Mapping[str, str], and_also: str = ""
) -> "list[Run]":
    """All runs with these tags, complete ones first, then the oldest."""
    asked = [f"tags.`{name}` = '{value}'" for name, value in tags.items()]
    asked += [and_also] if and_also else []
    runs = client.search_runs([home], " and ".join(asked), max_results=1000)
    return sorted(
        runs,
        key=lambda run: (
            COMPLETE not in run.data.tags,
            run.info.start_time,
            run.info.run_id,
        ),
    )


def find_or_create(
    client: "MlflowClient",
    home: str,
    tags: Mapping[str, str],
    name: str,
    parent: str = "",
) -> "Run":
    """The run with these tags; of several the others are deleted.

    Args:
        client: The server's.
        home: Id of the experiment.
        tags: What it is found by.
        name: What it is called if it is created.
        parent: Id of its parent run, if it has one.
    """
    runs = find_runs(client, home, tags)
    if not runs:
        new = {**tags, **_owner(), **({_PARENT: parent} if parent else {})}
        created = client.create_run(home, tags=new, run_name=name)
        if not parent:  # variants have a lock for their training
            time.sleep(_SETTLE)
        runs = find_runs(client, home, tags) or [created]
    for other in runs[1:]:
        client.delete_run(other.info.run_id)
    return runs[0]


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
            _mark_running(client, study, {})
        _mark_running(client, run, {_PARENT: parent})
        _describe(client, run, variant)
    shown = EPOCH_METRICS[0] in run.data.metrics
    points = client.get_metric_history(run_id, EPOCH_METRICS[0]) if shown else []
    logged = {point.step: point.timestamp for point in points}
    return OpenRun(run_id, parent, home, complete, logged)


def write_tags(client: "MlflowClient", run_id: str, tags: Mapping[str, str]) -> None:
    """Write several tags of a run at once."""
    from mlflow.entities import RunTag

    client.log_batch(run_id, tags=[RunTag(*tag) for tag in tags.items()])


def finish_study(client: "MlflowClient", server: Server, variant: Variant) -> None:
    """Mark the study of a variant as finished."""
    study = open_study(client, experiment(client, server), variant)
    if study.info.status != "FINISHED":
        client.set_terminated(study.info.run_id)


def end_idle(client: "MlflowClient", server: Server, study: str) -> None:
    """Mark a study as finished, by its run's id, if no variant is being trained."""
    home = experiment(client, server)
    idle = not find_runs(client, home, {_PARENT: study}, _RUNNING)
    if idle and client.get_run(study).info.status == "RUNNING":
        client.set_terminated(study)


def mark_orphans(client: "MlflowClient", home: str) -> None:
    """Mark what processes of this machine were at when they died."""
    for run in find_runs(client, home, {_HOST: this_host()}, _RUNNING):
        if has_ended(run.data.tags[_PROCESS]):
            client.set_terminated(run.info.run_id, "KILLED")


def _owner() -> dict[str, str]:
    return {_HOST: this_host(), _PROCESS: this_process()}


def _mark_running(client: "MlflowClient", run: "Run", tags: Mapping[str, str]) -> None:
    """Mark a run as this process's; MLflow keeps the end time of a former one."""
    missing = (tags | _owner()).items() - run.data.tags.items()
    write_tags(client, run.info.run_id, dict(missing))
    if run.info.status != "RUNNING":
        client.update_run(run.info.run_id, "RUNNING")


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
