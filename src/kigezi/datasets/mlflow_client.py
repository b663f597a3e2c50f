"""A client of MLflow's server, or of its database. It is imported only when needed."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from kigezi.datasets.aside import written_aside
from kigezi.datasets.locks import in_turn

if TYPE_CHECKING:
    from mlflow import MlflowClient

_SETTINGS = {
    # By default MLflow tries 7 times, about 4 minutes a call, while training waits.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def connect(uri: str) -> "MlflowClient":
    """A client that gives up soon; a SQLite database is made where it is missing."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    import mlflow
    import mlflow.store.db.utils
    from sqlalchemy import make_url

    # A database that is away is tried 10 times otherwise, for almost 2 minutes.
    mlflow.store.db.utils.MAX_RETRY_COUNT = 1
    if uri.startswith("sqlite:"):
        _make_database(Path(make_url(uri).database or ":memory:"))
    mlflow.set_tracking_uri(uri)
    return mlflow.MlflowClient(uri)


def _make_database(path: Path) -> None:
    """Make a SQLite database that is whole when it appears.

    Several processes that find none would make it at once, and one that is killed would
    leave half of one: neither could be used ever again.
    """
    if path.exists() or path.name == ":memory:":
        return
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    with in_turn(path.with_name(f"{path.name}.lock"), "making MLflow's database"):
        if not path.exists():
            with written_aside(path) as aside:
                SqlAlchemyStore(f"sqlite:///{aside}", "mlruns").engine.dispose()


def is_refusal(error: Exception) -> bool:
    """Whether the server is there, but does not take this."""
    from mlflow.exceptions import MlflowException

    return isinstance(error, MlflowException) and error.get_http_status_code() < 500
