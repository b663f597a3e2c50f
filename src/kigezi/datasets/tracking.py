"""The study in MLflow: one parent run, and a child run for each stage and variant.

What is tracked is a copy of what the project keeps on disk. So a tracking server that
is away never stops a training: the next run that finds it there sends what is missing.
Runs are found again by tags and counted as complete by a tag of ours that is written
last, for an MLflow status proves nothing: an interrupted run may be called FINISHED.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never, Self

from kedro.io import AbstractDataset, DatasetError

from kigezi.datasets.mlflow_runs import (
    Server,
    connect,
    epoch_metrics,
    experiment,
    final_metrics,
    find_or_create_parent,
    find_run,
    log_model_once,
    result_tags,
    tolerating_absence,
)
from kigezi.records import Assignment, Epoch, Trial, digest_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow import MlflowClient

_COMPLETE = "kigezi.complete"


class Tracking:
    """The study's runs."""

    def __init__(self, server: Server, study: str) -> None:
        self._server = server
        self._study = study

    def prepare(self) -> None:
        """Make database and experiment, before several processes use them at once."""
        with tolerating_absence(self._server):
            experiment(connect(self._server), self._server)

    def begin(self, assignment: Assignment, dataset: str, key: str) -> "TrackedRun":
        """A variant's run, made now so that it is seen while it trains.

        Args:
            assignment: The variant.
            dataset: Digest of the dataset version.
            key: Key of the training, which is a run of its own if it changes.
        """
        study = digest_of([dataset, assignment.plan])
        run = TrackedRun(
            server=self._server,
            name=self._study,
            study=study,
            assignment=assignment,
            dataset=dataset,
            key=key,
        )
        run.begin()
        return run

    def finish_study(self, assignment: Assignment, dataset: str) -> None:
        """Mark the parent run as finished."""
        study = digest_of([dataset, assignment.plan])
        with tolerating_absence(self._server):
            client = connect(self._server)
            parent = find_or_create_parent(client, self._server, self._study, study)
            client.set_terminated(parent)


class TrackedRun:
    """One variant's child run."""

    def __init__(
        self,
        *,
        server: Server,
        name: str,
        study: str,
        assignment: Assignment,
        dataset: str,
        key: str,
    ) -> None:
        self._key = key
        self._server = server
        self._name = name
        self._study = study
        self._assignment = assignment
        self._dataset = dataset
        self._run_id: str | None = None
        self._complete: str | None = None

    def begin(self) -> None:
        """Find the run, or create it as RUNNING with its parameters."""
        with tolerating_absence(self._server):
            client = connect(self._server)
            parent = find_or_create_parent(
                client, self._server, self._name, self._study
            )
            tags = self._tags(parent)
            found = find_run(client, self._server, tags)
            if found:
                self._run_id = found.info.run_id
                self._complete = found.data.tags.get(_COMPLETE)
            else:
                self._run_id = self._create(client, tags)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Mark run and study as killed or failed where an exception ends them."""
        if kind is None or self._run_id is None:
            return
        status = "FAILED" if issubclass(kind, Exception) else "KILLED"
        with tolerating_absence(self._server):
            client = connect(self._server)
            run = client.get_run(self._run_id)
            for run_id in (self._run_id, run.data.tags["mlflow.parentRunId"]):
                client.set_terminated(run_id, status)

    def epoch(self, epoch: Epoch) -> None:
        """Send one epoch's figures."""
        if self._run_id is None:
            return
        with tolerating_absence(self._server):
            connect(self._server).log_batch(
                self._run_id, metrics=epoch_metrics([epoch])
            )

    def finish(
        self, trial: Trial, plot: Callable[[], Mapping[str, "Figure"]], model: Path
    ) -> None:
        """Send everything, unless it is there already; the tag that says so comes last.

        Args:
            plot: Draws figures by file name, if they are to be sent.
            model: The whole model as a `.keras` file.
        """
        complete = digest_of([trial.result.key, len(trial.result.history)])
        if self._complete == complete:
            return
        if self._run_id is None:
            self.begin()
        if self._run_id is None:
            return
        with tolerating_absence(self._server):
            client, run_id = connect(self._server), self._run_id
            client.log_batch(run_id, metrics=epoch_metrics(trial.result.history))
            client.log_batch(
                run_id, metrics=final_metrics(trial), tags=result_tags(trial)
            )
            for name, figure in plot().items():
                client.log_figure(run_id, figure, name)
            log_model_once(client, self._server, run_id, trial, model)
            client.set_terminated(run_id)
            client.set_tag(run_id, _COMPLETE, complete)

    def _tags(self, parent: str) -> dict[str, str]:
        return {
            "mlflow.parentRunId": parent,
            "kigezi.stage": self._assignment.stage,
            "kigezi.variant": self._assignment.variant,
            "kigezi.recipe": digest_of(self._assignment.recipe.model_dump()),
            "kigezi.key": self._key,
        }

    def _create(self, client: "MlflowClient", tags: dict[str, str]) -> str:
        from mlflow.entities import Dataset, DatasetInput, Param

        home = experiment(client, self._server)
        tags = {**tags, "kigezi.study": self._study}
        run = client.create_run(home, tags=tags, run_name=self._assignment.name)
        params = {
            "stage": self._assignment.stage,
            "variant": self._assignment.variant,
            "dataset": self._dataset[:12],
            **self._assignment.recipe.model_dump(),
        }
        client.log_batch(
            run.info.run_id, params=[Param(k, str(v)) for k, v in params.items()]
        )
        dataset = Dataset(self._name, self._dataset[:32], "kigezi", self._dataset)
        client.log_inputs(run.info.run_id, datasets=[DatasetInput(dataset, [])])
        return run.info.run_id


class TrackingDataset(AbstractDataset[Never, Tracking]):
    """Loads as the study's tracking; the server's address comes from mlflow.yml."""

    server: Callable[[], Server]
    """set by the project's hook, which reads mlflow.yml"""

    def __init__(self, *, study: str, metadata: dict[str, Any] | None = None) -> None:
        self._study = study
        self.metadata = metadata

    def load(self) -> Tracking:
        """The study's tracking; nothing is sent before a variant begins."""
        return Tracking(type(self).server(), self._study)

    def save(self, data: Never) -> None:
        """Nothing is saved whole."""
        raise DatasetError("runs are logged through the tracking that load() gives")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"study": self._study}
