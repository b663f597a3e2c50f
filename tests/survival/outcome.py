"""All that a study leaves on disk and in MLflow, but for names and times of day."""

import csv
import hashlib
import io
import json
import re
import shutil
import time
import zipfile
from pathlib import Path
from typing import Any

import h5py
import mlflow
import numpy as np

LEFTOVER = ".incomplete-"
_TIMES = {"seconds", "ended_at", "seconds_per_epoch", "epoch_seconds", "shared_seconds"}
_OWN_TIMES = ("time_estimate.json", "attempt.json")
"""what is measured anew, and the note by which a kill for lack of memory is known"""
_OWN_TAGS = ("kigezi.complete", "kigezi.process", "kigezi.report")
"""which tell times too"""
_COSTS = re.compile("<h2>What it costs</h2>.*?</section>", re.DOTALL)
"""the part of the report that tells how long things took"""


def outcome(project: Path) -> dict[str, Any]:
    """What two runs of one study have to share, by file and by MLflow run."""
    data = project / "data"
    files = [path for path in sorted(data.rglob("*")) if path.is_file()]
    found = {
        _name(path.relative_to(data)): _content(path)
        for path in files
        if path.name not in (*_OWN_TIMES, ".gitkeep") and not _is_artifact(path)
    }
    return {**found, **(_runs(project) if (project / "mlflow.db").is_file() else {})}


def differences(one: Any, other: Any, name: str = "") -> list[str]:
    """Where two outcomes differ, and how, as far as that is short."""
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return [] if one == other else [f"{name}: {one!s:.80} is not {other!s:.80}"]
    return [
        found
        for key in sorted({*one, *other})
        for found in differences(one.get(key), other.get(key), f"{name}/{key}")
    ]


def finished_work(project: Path) -> dict[str, Any]:
    """What may never be done again: epochs by their end, versions of the dataset."""
    data = project / "data"
    epochs = {
        f"{path.parent.name}/{epoch['epoch']}": epoch["ended_at"]
        for path in data.glob("06_models/trainings/*/history.json")
        for epoch in json.loads(path.read_text())["history"]
    }
    versions = data.glob("04_feature/augmented/[!.]*/augmented/dataset.json")
    return {**epochs, **{path.parent.parent.name: "whole" for path in versions}}


def leftovers(project: Path) -> list[str]:
    """Files and folders that were being written."""
    return [str(path) for path in (project / "data").rglob(f"{LEFTOVER}*")]


def in_a_training(project: Path) -> bool:
    """Whether there is a training that has to go on after an epoch."""
    begun = (project / "data").glob("06_models/trainings/*/history.json")
    return any(not list(path.parent.glob("evaluation_*.json")) for path in begun)


def tensors(path: Path) -> dict[str, str]:
    """Type, shape and sha256 of every array of an .npz or .keras file, by name."""
    if path.suffix == ".npz":
        with np.load(path) as arrays:
            return {name: _array(arrays[name]) for name in arrays.files}
    found: dict[str, str] = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = _array(item[()])

    with zipfile.ZipFile(path) as file:
        weights = io.BytesIO(file.read("model.weights.h5"))
    with h5py.File(weights) as file:
        file.visititems(visit)
    return found


def _content(path: Path) -> Any:
    if path.suffix in (".npz", ".keras"):
        return tensors(path)
    if path.suffix == ".json":
        return _timeless(json.loads(path.read_text("utf-8")))
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return _timeless(list(csv.DictReader(file)))
    if path.suffix == ".html":
        return _COSTS.sub("", path.read_text("utf-8"))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _timeless(value: Any) -> Any:
    """The same without times of day; a .keras file holds the one when it was saved."""
    if isinstance(value, dict):
        kept = {key: one for key, one in value.items() if key not in _TIMES}
        return {k: _timeless(v) for k, v in kept.items() if not k.endswith(".keras")}
    return [_timeless(one) for one in value] if isinstance(value, list) else value


def _array(array: np.ndarray) -> str:
    digest = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
    return f"{array.dtype} {array.shape} {digest}"


def _name(path: Path) -> str:
    """The path below data/, the version's time of day left out."""
    parts = list(path.parts)
    if parts[:2] == ["04_feature", "augmented"] and not parts[2].startswith("."):
        parts[2] = "VERSION"
    return "/".join(parts)


def _is_artifact(path: Path) -> bool:
    """Whether a file lies in a folder that MLflow named by chance."""
    return "mlflow" in path.parts and path.parts[-2] != "08_reporting"


def _runs(project: Path) -> dict[str, Any]:
    """Every MLflow run by its name; several with one name are several entries."""
    # A copy: MLflow keeps a database open, even one that was replaced by another.
    copy = project / f"mlflow-{time.time_ns()}.db"
    shutil.copy(project / "mlflow.db", copy)
    client = mlflow.MlflowClient(f"sqlite:///{copy}")
    home = client.get_experiment_by_name("kigezi").experiment_id
    found: dict[str, Any] = {}
    for run in client.search_runs([home]):
        name = f"MLflow {run.info.run_name}"
        found[name + "+" * sum(key.rstrip("+") == name for key in found)] = {
            "status": run.info.status,
            "tags": {
                key: value if key not in _OWN_TAGS else "is set"
                for key, value in run.data.tags.items()
                if not key.startswith("mlflow.")
            },
            "parameters": run.data.params,
            "metrics": _history(client, run.info.run_id, run.data.metrics),
            "artifacts": [one.path for one in client.list_artifacts(run.info.run_id)],
            "models": [
                str(one.status)
                for one in client.search_logged_models([home])
                if one.source_run_id == run.info.run_id
            ],
        }
    return found


def _history(
    client: mlflow.MlflowClient, run_id: str, metrics: dict[str, float]
) -> dict[str, list[tuple[int, float]]]:
    """Steps and values of every metric; none may have been sent twice."""
    found = {}
    for name in sorted(set(metrics) - _TIMES):
        points = client.get_metric_history(run_id, name)
        found[name] = [(one.step, one.value) for one in points]
        assert len({one.step for one in points}) == len(points), found[name]
    return found
