"""The study in MLflow: one parent run, and a child run for each stage and variant.

What is tracked is a copy of what the project keeps on disk. So a tracking server that
is away never stops a training: the next run that finds it there sends what is missing.
Runs are found again by tags and counted as complete by a tag of ours that is written
last, for an MLflow status proves nothing: an interrupted run may be called FINISHED.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never

from kedro.io import AbstractDataset, DatasetError

from kigezi.records import SPLITS, Assignment, Epoch, Trial, digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure
    from mlflow import MlflowClient

_log = logging.getLogger(__name__)
_COMPLETE = "kigezi.complete"


@dataclass(frozen=True)
class Server:
    """Where runs are logged, as mlflow.yml says."""

    uri: str
    experiment: str
    artifact_location: str | None


class Tracking:
    """The study's runs."""

    def __init__(self, server: Server, study: str) -> None:
        self._server = server
        self._study = study

    def begin(self, assignment: Assignment, dataset: str) -> "TrackedRun":
        """A variant's run, made now so that it is seen while it trains."""
        study = digest_of([dataset, assignment.plan])
        run = TrackedRun(self._server, self._study, study, assignment, dataset)
        run.begin()
        return run

    def finish_study(self, assignment: Assignment, dataset: str) -> None:
        """Mark the parent run as finished."""
        study = digest_of([dataset, assignment.plan])
        with _tolerating_absence(self._server):
            client = _client(self._server)
            parent = _find_or_create_parent(client, self._server, self._study, study)
            client.set_terminated(parent)


class TrackedRun:
    """One variant's child run."""

    def __init__(
        self,
        server: Server,
        name: str,
        study: str,
        assignment: Assignment,
        dataset: str,
    ) -> None:
        self._server = server
        self._name = name
        self._study = study
        self._assignment = assignment
        self._dataset = dataset
        self._run_id: str | None = None
        self._complete: str | None = None

    def begin(self) -> None:
        """Find the run, or create it as RUNNING with its parameters."""
        with _tolerating_absence(self._server):
            client = _client(self._server)
            parent = _find_or_create_parent(
                client, self._server, self._name, self._study
            )
            tags = self._tags(parent)
            found = _find(client, self._server, tags)
            if found:
                self._run_id = found.info.run_id
                self._complete = found.data.tags.get(_COMPLETE)
            else:
                self._run_id = self._create(client, tags)

    def epoch(self, epoch: Epoch) -> None:
        """Send one epoch's figures."""
        if self._run_id is None:
            return
        with _tolerating_absence(self._server):
            _client(self._server).log_batch(self._run_id, metrics=_points([epoch]))

    def finish(self, trial: Trial, plots: Mapping[str, "Figure"], model: Path) -> None:
        """Send everything, unless it is there already; the tag that says so comes last.

        Args:
            plots: Figures by file name.
            model: The whole model as a `.keras` file.
        """
        complete = digest_of([trial.result.key, len(trial.result.history)])
        if self._complete == complete:
            return
        if self._run_id is None:
            self.begin()
        with _tolerating_absence(self._server):
            client = _client(self._server)
            run_id = self._run_id or ""
            client.log_batch(run_id, metrics=_points(trial.result.history))
            client.log_batch(run_id, metrics=_final(trial), tags=_tags_of(trial))
            for name, figure in plots.items():
                client.log_figure(run_id, figure, name)
            _log_model_once(client, self._server, run_id, trial, model)
            client.set_tag(run_id, _COMPLETE, complete)
            client.set_terminated(run_id)

    def _tags(self, parent: str) -> dict[str, str]:
        return {
            "mlflow.parentRunId": parent,
            "kigezi.stage": self._assignment.stage,
            "kigezi.variant": self._assignment.variant,
            "kigezi.recipe": digest_of(self._assignment.recipe.model_dump()),
        }

    def _create(self, client: "MlflowClient", tags: dict[str, str]) -> str:
        from mlflow.entities import Dataset, DatasetInput, Param

        experiment = _experiment(client, self._server)
        tags = {**tags, "kigezi.study": self._study}
        run = client.create_run(experiment, tags=tags, run_name=self._assignment.name)
        params = {
            "stage": self._assignment.stage,
            "variant": self._assignment.variant,
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


@contextmanager
def _tolerating_absence(server: Server) -> "Iterator[None]":
    """Go on without the tracking server; what it misses is sent by a later run."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        _log.warning(
            "MLflow at %s did not take this (%s). Training goes on; run the same "
            "command again later to send what is missing.",
            server.uri,
            reason,
        )


def _client(server: Server) -> "MlflowClient":
    import mlflow

    mlflow.set_tracking_uri(server.uri)
    return mlflow.MlflowClient(server.uri)


def _experiment(client: "MlflowClient", server: Server) -> str:
    found = client.get_experiment_by_name(server.experiment)
    if found is None:
        # Without the tag the UI opens the experiment as one of generative models.
        return client.create_experiment(
            server.experiment,
            server.artifact_location,
            tags={"mlflow.experimentKind": "custom_model_development"},
        )
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return found.experiment_id


def _find(client: "MlflowClient", server: Server, tags: Mapping[str, str]) -> Any:
    asked = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
    runs = client.search_runs([_experiment(client, server)], asked, max_results=1)
    return runs[0] if runs else None


def _find_or_create_parent(
    client: "MlflowClient", server: Server, name: str, study: str
) -> str:
    tags = {"kigezi.study": study, "kigezi.role": "study"}
    found = _find(client, server, tags)
    if found:
        return found.info.run_id
    run = client.create_run(
        _experiment(client, server), tags=tags, run_name=f"{name} {study[:8]}"
    )
    return run.info.run_id


def _points(epochs: Any) -> list[Any]:
    from mlflow.entities import Metric

    names = ("train_accuracy", "train_loss", "validation_accuracy", "validation_loss")
    return [
        Metric(f"epoch_{name}", getattr(epoch, name), epoch.ended_at, epoch.epoch)
        for epoch in epochs
        for name in (*names, "seconds")
    ]


def _final(trial: Trial) -> list[Any]:
    from mlflow.entities import Metric

    result = trial.result
    ended_at = result.history[-1].ended_at
    values: dict[str, float] = {
        "best_epoch": result.best_epoch or 0,
        "epochs": len(result.history),
        "trained_weights": result.trained_weights,
        "seconds_per_epoch": sum(e.seconds for e in result.history)
        / len(result.history),
    }
    for split in SPLITS:
        figures = getattr(result, split)
        values[f"{split}_accuracy"] = figures.accuracy
        values[f"{split}_loss"] = figures.loss
    return [Metric(name, value, ended_at, 0) for name, value in values.items()]


def _tags_of(trial: Trial) -> list[Any]:
    from mlflow.entities import RunTag

    tags = {"kigezi.status": trial.result.summary, "kigezi.key": trial.result.key}
    environment = trial.result.environment
    tags |= {f"kigezi.{name}": value for name, value in environment.items()}
    return [RunTag(name, value) for name, value in tags.items()]


def _log_model_once(
    client: "MlflowClient", server: Server, run_id: str, trial: Trial, path: Path
) -> None:
    """Log a model, unless another run has: then a tag says where."""
    from mlflow.entities import RunTag

    name = digest_of([trial.result.key, trial.result.best_epoch])
    other = _find(client, server, {"kigezi.model": name, "kigezi.role": "trained"})
    if other and other.info.run_id != run_id:
        owner = other.data.tags.get("mlflow.runName", other.info.run_id)
        client.log_batch(run_id, tags=[RunTag("trained_in", owner)])
        return
    if not path.is_file():
        return
    _log_keras_model(run_id, trial, path)
    tags = [RunTag("kigezi.model", name), RunTag("kigezi.role", "trained")]
    client.log_batch(run_id, tags=tags)


def _log_keras_model(run_id: str, trial: Trial, path: Path) -> None:
    import keras
    import mlflow
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    model = keras.models.load_model(path, compile=False)
    side = model.input_shape[1]
    pixels = TensorSpec(np.dtype("uint8"), (-1, side, side, 3), "image")
    answer = TensorSpec(np.dtype("float32"), (-1, len(trial.result.classes)))
    backend = keras.backend.backend()
    with mlflow.start_run(run_id=run_id):
        mlflow.keras.log_model(
            model,
            name="model",
            signature=ModelSignature(Schema([pixels]), Schema([answer])),
            pip_requirements=[
                f"keras=={keras.__version__}",
                f"{backend}=={version(backend)}",
            ],
            metadata={"classes": list(trial.result.classes)},
        )
