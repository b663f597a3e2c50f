"""The runs of a study: found again by tags, made where they are missing, each once.

Several processes may look for the same run at once. MLflow cannot create "unless it is
there", so whoever creates looks again: of several, the oldest is everybody's, and the
others are deleted. MLflow is imported only when it is needed.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kigezi.datasets.mlflow_server import Server
from kigezi.datasets.processes import has_ended, this_host, this_process

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

COMPLETE = "kigezi.complete"
PARENT = "mlflow.parentRunId"
_HOST, _PROCESS = "kigezi.host", "kigezi.process"

RUNNING = "attributes.status = 'RUNNING'"

_KIND = {"mlflow.experimentKind": "custom_model_development"}
"""MLflow's page then opens with what belongs to training, not to language models."""

_SETTLE = 0.5
"""seconds that others are given to show the parent run that they create just now"""


def experiment(client: "MlflowClient", server: Server) -> str:
    """The experiment's id; it is created, or taken out of the bin, where needed."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(server.experiment)
    if found is None:
        try:
            return client.create_experiment(
                server.experiment, server.artifact_location, tags=_KIND
            )
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
        new = {**tags, **_owner(), **({PARENT: parent} if parent else {})}
        created = client.create_run(home, tags=new, run_name=name)
        if not parent:  # variants have a lock for their training
            time.sleep(_SETTLE)
        runs = find_runs(client, home, tags) or [created]
    for other in runs[1:]:
        client.delete_run(other.info.run_id)
    return runs[0]


def write_tags(client: "MlflowClient", run_id: str, tags: Mapping[str, str]) -> None:
    """Write several tags of a run at once."""
    from mlflow.entities import RunTag

    client.log_batch(run_id, tags=[RunTag(*tag) for tag in tags.items()])


def mark_orphans(client: "MlflowClient", home: str) -> None:
    """Mark what processes of this machine were at when they died."""
    for run in find_runs(client, home, {_HOST: this_host()}, RUNNING):
        if has_ended(run.data.tags[_PROCESS]):
            client.set_terminated(run.info.run_id, "KILLED")


def mark_running(client: "MlflowClient", run: "Run", tags: Mapping[str, str]) -> None:
    """Mark a run as this process's; MLflow keeps the end time of a former one."""
    missing = (tags | _owner()).items() - run.data.tags.items()
    write_tags(client, run.info.run_id, dict(missing))
    if run.info.status != "RUNNING":
        client.update_run(run.info.run_id, "RUNNING")


def _owner() -> dict[str, str]:
    return {_HOST: this_host(), _PROCESS: this_process()}
