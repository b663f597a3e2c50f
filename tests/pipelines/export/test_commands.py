"""A small study whose final model is exported and answers, by commands."""

import hashlib
import shutil
from pathlib import Path
from subprocess import CompletedProcess

import mlflow
import pandas as pd
import pytest
from mlflow.entities.model_registry import ModelVersion

from kigezi.answering.card import FILES, Card
from tests.conftest import run_kedro
from tests.undisturbed import Undisturbed

pytestmark = pytest.mark.slow
PREDICT = "--params=predict.source=data/01_raw/drawn"


def _kedro(project: Path, *arguments: str) -> CompletedProcess[str]:
    return run_kedro(project, "run", "--env=small", *arguments)


def _run(project: Path, *arguments: str) -> str:
    done = _kedro(project, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return " ".join((done.stdout + done.stderr).split())


def _refused(project: Path, *arguments: str) -> str:
    """What is said, in one line, where a command ends with exit code 1."""
    done = _kedro(project, *arguments)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    return " ".join((done.stdout + done.stderr).split())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, undisturbed: Undisturbed) -> Path:
    # MLflow's database says where the runs' files are: not in the copy.
    folder = shutil.copytree(
        undisturbed.project,
        tmp_path_factory.mktemp("export") / "project",
        ignore=shutil.ignore_patterns("mlflow", "mlflow.db"),
    )
    # So few photographs may be answered otherwise by a file of whole numbers.
    settings = "export: {unknown: {drawn: 40}, budgets: {points_lost: {int8: 100}}}"
    (folder / "conf" / "small" / "parameters_export.yml").write_text(settings)
    (folder / "first.log").write_text(_run(folder, "--pipeline=export"))
    return folder


def _exported(project: Path) -> Path:
    return project / "data" / "06_models" / "small" / "exported"


def _digests(project: Path) -> dict[str, str]:
    files = _exported(project).iterdir()
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _table(project: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(project / "data" / "08_reporting" / name, keep_default_na=False)


def _versions(project: Path) -> list[ModelVersion]:
    client = mlflow.MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    return client.search_model_versions("name = 'kigezi-small'")


def test_every_file_is_there(project: Path) -> None:
    others = {"card.json", "labels.txt", "README.md", "SHA256SUMS"}
    assert set(_digests(project)) == {*FILES.values(), *others}
    card = Card.model_validate_json((_exported(project) / "card.json").read_bytes())
    assert card.size == 32
    labels = (_exported(project) / "labels.txt").read_text().split()
    assert labels == list(card.classes)
    assert (
        "The model answers from a confidence of" in (project / "first.log").read_text()
    )


def test_every_file_was_measured(project: Path) -> None:
    table = _table(project, "export.csv")
    assert table["file"].tolist() == list(FILES.values())
    exact = table[table["kind"].isin(["float32", "onnx"])]
    assert exact["changed"].tolist() == [0, 0]
    assert (exact["largest_difference"] < 1e-4).all()
    assert (table["low"] <= table["accuracy"]).all()
    others = _table(project, "export_unknown.csv")
    assert len(others) == 5
    assert set(others["images"]) == {40}
    assert (project / "data" / "08_reporting" / "risk.png").stat().st_size > 0


def test_the_model_is_registered_once(project: Path) -> None:
    (version,) = _versions(project)
    _run(project, "--pipeline=export")
    (again,) = _versions(project)
    assert again.creation_timestamp == version.creation_timestamp
    assert int(version.version) == 1


def test_another_model_is_another_version(project: Path) -> None:
    before = len(_versions(project))
    _run(project, "--pipeline=export", "--params=export.refused=0.4")
    versions = _versions(project)
    assert len(versions) == before + 1
    assert len({version.tags["kigezi.exported"] for version in versions}) == before + 1


def test_past_a_budget_nothing_is_shipped(project: Path) -> None:
    before, versions = _digests(project), len(_versions(project))
    said = _refused(
        project, "--pipeline=export", "--params=export.budgets.megabytes=0.1"
    )
    assert "the export is refused: model.keras has 2." in said
    assert said.count("(export.budgets.megabytes allows 0.1)") == len(FILES)
    assert "Nothing was shipped" in said
    assert _digests(project) == before
    assert len(_versions(project)) == versions


@pytest.mark.parametrize("model", ["float32", "int8"])
def test_new_photographs_are_answered(project: Path, model: str) -> None:
    _run(project, "--pipeline=predict", f"{PREDICT},predict.model={model}")
    table = _table(project, "answers.csv")
    assert len(table) == 30
    assert set(table["status"]) <= {"answered", "unsure"}
    assert (project / "data" / "08_reporting" / "answers.png").stat().st_size > 0


def test_a_damaged_model_does_not_answer(project: Path) -> None:
    path = _exported(project) / FILES["float32"]
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    try:
        said = _refused(project, "--pipeline=predict", PREDICT)
    finally:
        path.write_bytes(whole)
    assert "model_float32.tflite is missing or damaged: run `kedro run" in said


def test_without_a_source_there_is_a_sentence(project: Path) -> None:
    said = _refused(project, "--pipeline=predict")
    assert "predict.source names no photographs yet" in said
