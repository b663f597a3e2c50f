"""Models in MLflow, each of them once. MLflow is imported only when it is needed."""

import json
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

from kigezi.datasets.mlflow_runs import find_runs, write_tags
from kigezi.quiet import import_keras
from kigezi.records import Trial, digest_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

_MODEL = "kigezi.model"


def log_model_once(
    client: "MlflowClient", home: str, run_id: str, trial: Trial, path: Path
) -> None:
    """Log a model, unless another run has: then a tag says where.

    Args:
        client: The server's.
        home: Id of the experiment.
        run_id: The variant's run.
        trial: What the model is of.
        path: The whole model as a `.keras` file, if there is one.
    """
    name = digest_of([trial.result.key, trial.result.best_epoch])
    runs = find_runs(client, home, {_MODEL: name, "kigezi.role": "trained"})
    others = [run for run in runs if run.info.run_id != run_id]
    if others:
        owner = others[0].data.tags.get("mlflow.runName", others[0].info.run_id)
        write_tags(client, run_id, {"trained_in": owner})
    elif path.is_file():
        if not _is_logged(client, home, run_id):
            _log_keras_model(run_id, trial, path)
        write_tags(client, run_id, {_MODEL: name, "kigezi.role": "trained"})


def _is_logged(client: "MlflowClient", home: str, run_id: str) -> bool:
    """Whether a run has its model; what an interruption left half is deleted."""
    from mlflow.entities import LoggedModelStatus

    models = client.search_logged_models([home], f"source_run_id = '{run_id}'")
    ready = [model for model in models if model.status == LoggedModelStatus.READY]
    for model in models:
        if model not in ready[:1]:
            client.delete_logged_model(model.model_id)
    return bool(ready)


@dataclass(frozen=True)
class _SavedModel:
    """A `.keras` file that MLflow takes as it is.

    All that `mlflow.keras` asks of a model is to save itself. To load it only for that
    would take longer than many a training, and give other bytes. What is in such a
    file: https://keras.io/api/models/model_saving_apis/model_saving_and_loading
    """

    path: Path

    @property
    def side(self) -> int:
        """Side of its images in pixels, as the file's `config.json` says."""
        with ZipFile(self.path) as file:
            layers = json.loads(file.read("config.json"))["config"]["layers"]
        _, side, _, _ = layers[0]["config"]["batch_shape"]
        return side

    def save(self, path: str) -> None:
        shutil.copyfile(self.path, path)


def _log_keras_model(run_id: str, trial: Trial, path: Path) -> None:
    import_keras()
    import keras
    import mlflow
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    model = _SavedModel(path)
    pixels = TensorSpec(np.dtype("uint8"), (-1, model.side, model.side, 3), "image")
    answer = TensorSpec(np.dtype("float32"), (-1, len(trial.result.classes)))
    backend = keras.backend.backend()
    # Nested, for a notebook may have a run of its own open.
    with mlflow.start_run(run_id=run_id, nested=True):
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
