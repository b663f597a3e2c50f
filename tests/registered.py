"""What several tests of registered models share."""

from pathlib import Path

import mlflow
from mlflow.entities.model_registry import ModelVersion

from kigezi.datasets.exported import Exported
from kigezi.datasets.mlflow_registry import registered_name
from kigezi.datasets.mlflow_server import Server
from kigezi.datasets.tracking import Tracking
from tests.bright_export import plain_photograph
from tests.conftest import make_result

EXAMPLE = plain_photograph(240)


def register(server: Server, exported: Exported) -> None:
    """What the export's last node does; each experiment is a study of its own."""
    final = make_result("final_model", 0.9, stage="final")
    Tracking(server, server.experiment).register(exported, final, EXAMPLE)


def versions_in(server: Server) -> list[ModelVersion]:
    """Every version of the study's model, the oldest first."""
    name = registered_name(server.experiment)
    found = mlflow.MlflowClient(server.uri).search_model_versions(f"name = '{name}'")
    return sorted(found, key=lambda version: int(version.version))


def model_files(server: Server) -> Path:
    """The folder of the newest version."""
    mlflow.set_tracking_uri(server.uri)
    newest = versions_in(server)[-1]
    uri = f"models:/{newest.name}/{newest.version}"
    return Path(mlflow.artifacts.download_artifacts(uri))
