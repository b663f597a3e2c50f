"""What MLflow is asked and told, run by run; it is imported only when it is needed."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kigezi.records import SPLITS, Trial, digest_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Server:
    """Where runs are logged, as mlflow.yml says."""

    uri: str
    experiment: str
    artifact_location: str | None


@contextmanager
def tolerating_absence(server: Server) -> "Iterator[None]":
    """Go on without the tracking server; what it misses is sent by a later run."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        _log.warning(
            "MLflow at %s did not take this (%s). Training goes on; run the same "
            "command again later to send what is missing.",
            server.uri,
            reason,
        )


def connect(server: Server) -> "MlflowClient":
    """A client of the server that gives up soon."""
    import mlflow

    # By default MLflow tries 7 times, about 4 minutes a call, while training waits.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    mlflow.set_tracking_uri(server.uri)
    return mlflow.MlflowClient(server.uri)


def experiment(client: "MlflowClient", server: Server) -> str:
    """The experiment's id; it is created, or taken out of the bin, where needed."""
    found = client.get_experiment_by_name(server.experiment)
    if found is None:
        return client.create_experiment(server.experiment, server.artifact_location)
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return found.experiment_id


def find_run(client: "MlflowClient", server: Server, tags: Mapping[str, str]) -> Any:
    """The first run with all these tags, or nothing."""
    asked = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
    runs = client.search_runs([experiment(client, server)], asked, max_results=1)
    return runs[0] if runs else None


def find_or_create_parent(
    client: "MlflowClient", server: Server, name: str, study: str
) -> str:
    """Id of the study's parent run."""
    tags = {"kigezi.study": study, "kigezi.role": "study"}
    found = find_run(client, server, tags)
    if found:
        return found.info.run_id
    run = client.create_run(
        experiment(client, server), tags=tags, run_name=f"{name} {study[:8]}"
    )
    return run.info.run_id


def epoch_metrics(epochs: Any) -> list[Any]:
    """One point an epoch and figure; sent twice, it is still one point."""
    from mlflow.entities import Metric

    names = ("train_accuracy", "train_loss", "validation_accuracy", "validation_loss")
    return [
        Metric(f"epoch_{name}", getattr(epoch, name), epoch.ended_at, epoch.epoch)
        for epoch in epochs
        for name in (*names, "seconds")
    ]


def final_metrics(trial: Trial) -> list[Any]:
    """The figures of the restored weights, and what they cost."""
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


def result_tags(trial: Trial) -> list[Any]:
    """How the variant ended, and on what it was trained."""
    from mlflow.entities import RunTag

    tags = {"kigezi.status": trial.result.summary}
    environment = trial.result.environment
    tags |= {f"kigezi.{name}": value for name, value in environment.items()}
    return [RunTag(name, value) for name, value in tags.items()]


def log_model_once(
    client: "MlflowClient", server: Server, run_id: str, trial: Trial, path: Path
) -> None:
    """Log a model, unless another run has: then a tag says where."""
    from mlflow.entities import RunTag

    name = digest_of([trial.result.key, trial.result.best_epoch])
    other = find_run(client, server, {"kigezi.model": name, "kigezi.role": "trained"})
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
