"""The exported model in MLflow's registry. It is imported only when needed."""

import json
import shutil
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from kigezi.answering.card import CARD
from kigezi.answering.deciding import COLUMNS, PLACES
from kigezi.datasets.aside import sha256_of
from kigezi.datasets.exported import Exported
from kigezi.datasets.mlflow_runs import experiment
from kigezi.datasets.mlflow_server import Server
from kigezi.datasets.mlflow_variants import Variant, open_study
from kigezi.records import digest_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models.model import ModelInfo

_TAG = "kigezi.exported"
_PLACE = "mlflow.modelVersions"
_PACKAGE = Path(__file__).parents[1]
_LONGEST = 5000
"""characters that MLflow keeps of a description"""
_KIND = "float32"
"""of the files, the one that is registered"""
_TRAVELLING = (
    *("__init__.py", "errors.py", "native_output.py", "answering"),
    *("photos/__init__.py", "photos/checking.py"),
    *("photos/reading.py", "photos/geometry.py"),
)
"""what the served model is of this project, so that it answers where that is not"""


def registered_name(study: str) -> str:
    """What the model of a study is called in the registry."""
    return f"kigezi-{study}"


def register(
    server: Server,
    variant: Variant,
    exported: Exported,
    example: bytes,
    client: "MlflowClient",
) -> None:
    """Make a new version of the registered model, unless the newest is this one.

    Args:
        server: Where the study is tracked.
        variant: Any of the study.
        exported: The files.
        example: The bytes of a photograph, which the registry shows how to send.
        client: The server's.
    """
    name = registered_name(variant.study_name)
    # What is registered, with its card inside. Other files of the folder hold dates and
    # times that were measured, so that they differ whenever they are made.
    digest = digest_of([sha256_of(exported.path(_KIND)), _code()])
    versions = client.search_model_versions(f"name = '{name}'")
    newest = max(versions, key=lambda version: int(version.version), default=None)
    if newest is not None and newest.tags.get(_TAG) == digest:
        return
    run = open_study(client, experiment(client, server), variant)
    made = _log(run.info.run_id, exported, example)
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    # The tag comes with the version, so that an interrupted one is made again.
    created = client.create_model_version(
        name,
        made.model_uri,
        run_id=run.info.run_id,
        tags={_TAG: digest},
        description=exported.read("README.md").decode()[:_LONGEST],
        model_id=made.model_id,
    )
    # Without it MLflow's page of the model says that it is not registered.
    place = [{"name": name, "version": int(created.version)}]
    client.set_logged_model_tags(made.model_id, {_PLACE: json.dumps(place)})


def _code() -> dict[str, str]:
    """sha256 of every file that travels, by path: another one is another version."""
    found = [
        path
        for name in _TRAVELLING
        for path in [_PACKAGE / name, *(_PACKAGE / name).rglob("*.py")]
    ]
    files = sorted(path for path in found if path.is_file())
    return {path.relative_to(_PACKAGE).as_posix(): sha256_of(path) for path in files}


def _log(run_id: str, exported: Exported, example: bytes) -> "ModelInfo":
    """Log the model with a run."""
    import mlflow
    import pandas as pd
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    types = {str: DataType.string, float: DataType.double}
    missing = {f"{place}_probability" for place in PLACES[len(exported.card.classes) :]}
    outputs = [
        ColSpec(types[kind], name, required=name not in missing)
        for name, kind in COLUMNS.items()
    ]
    signature = ModelSignature(
        Schema([ColSpec(DataType.binary, "image")]), Schema(outputs)
    )
    needed = ("ai-edge-litert", "mlflow", "numpy", "pandas", "pillow", "pydantic")
    with TemporaryDirectory() as folder, mlflow.start_run(run_id=run_id, nested=True):
        code = Path(folder, _PACKAGE.name)
        for name in _TRAVELLING:
            _copy(_PACKAGE / name, code / name)
        info = mlflow.pyfunc.log_model(
            name="exported",
            python_model=str(_PACKAGE / "answering" / "served.py"),
            artifacts={
                "model": str(exported.path(_KIND)),
                "card": str(exported.folder / CARD),
            },
            code_paths=[str(code)],
            signature=signature,
            input_example=pd.DataFrame({"image": [example]}),
            pip_requirements=[f"{name}=={version(name)}" for name in needed],
            metadata={"classes": list(exported.card.classes)},
        )
    return info


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(source, target)
