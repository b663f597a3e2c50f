"""A small study on two worker processes, one of which is killed while it trains."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import psutil
import pytest
import yaml

from tests.conftest import make_loader, run_kedro
from tests.projects import copy_project

pytest.importorskip("distributed", reason="Dask is not installed")
pytestmark = pytest.mark.slow

VARIANTS = {
    "head_only": {},
    "top_20": {"unfreeze": 20},
    "longer": {"unfreeze": 20, "epochs": 18},
}
ON_DASK = ("--runner=kigezi.runners.DaskRunner",)


def _small_project(folder: Path) -> Path:
    """A stage of two trainings on drawn photographs, with the bundled weights."""
    copy_project(folder)
    stages = make_loader(folder / "conf", "base")["parameters"]["tune"]["stages"]
    only = {**dict.fromkeys(stages), "freeze": {**dict.fromkeys(stages["freeze"])}}
    only["freeze"] |= VARIANTS
    baseline = {"epochs": 15, "patience": 99, "learning_rate": 1e-3, "batch_size": 8}
    parameters = {
        "image": {"size": 48},
        "ingest": {
            "source": "data/01_raw/drawn",
            "split": {"validation": 0.2},
            "groups": {"number_gap": 0},
            "drawing": {"photographs": 60, "size": 64, "seed": 1},
        },
        "augment": {"copies": 1},
        "tune": {
            "baseline": {**baseline, "weights": "bundled", "alpha": 0.35},
            "stages": only,
        },
    }
    (folder / "conf" / "small").mkdir()
    (folder / "conf" / "small" / "parameters.yml").write_text(
        yaml.safe_dump(parameters)
    )
    (folder / "conf" / "small" / "globals.yml").write_text("study: small\nthreads: 1\n")
    return folder


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study in one process, with nothing that disturbs it."""
    folder = _small_project(tmp_path_factory.mktemp("alone"))
    done = run_kedro(folder, "run", "--env=small")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study on two workers, one of which is killed in its epochs."""
    folder = _small_project(tmp_path_factory.mktemp("killed"))
    paths = os.environ | {"PYTHONPATH": str(folder / "src")}
    command = [sys.executable, "-m", "kedro", "run", "--env=small", *ON_DASK]
    with (
        (folder / "output.log").open("w+") as log,
        psutil.Popen(
            command,
            cwd=folder,
            env=paths,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        for line in process.stdout:
            log.write(line)
            if "top_20: epoch 3 of 15" in line:
                _trainer_of("freeze/top_20", folder).kill()
    output = (folder / "output.log").read_text()
    assert process.returncode == 0, output
    assert "Traceback" not in output
    assert "Stopping worker" not in output
    assert "Connection to" not in output
    assert "freeze/longer goes on after epoch 15" in output
    assert output.count("was lost: another one goes on with freeze/top_20,") == 1
    assert re.search(r"freeze/top_20 goes on after epoch [0-9]", output)
    return folder


def _trainer_of(variant: str, project: Path) -> psutil.Process:
    """The process that holds the lock of a variant's training."""
    locks = project.glob("data/06_models/trainings/*.lock.json")
    holders = [json.loads(path.read_text()) for path in locks]
    [process] = [one["process"] for one in holders if one["doing"] == variant]
    return psutil.Process(process)


def test_the_leaderboard_is_the_same(alone: Path, killed: Path) -> None:
    tables = [
        pd.read_csv(folder / "data" / "08_reporting" / "leaderboard.csv")
        for folder in (alone, killed)
    ]
    timing = ["seconds_per_epoch", "shared_seconds"]
    pd.testing.assert_frame_equal(*(t.drop(columns=timing) for t in tables))
    assert len(tables[0]) == 4


def test_every_training_is_the_same_bit_for_bit(alone: Path, killed: Path) -> None:
    expected, found = _trainings(alone), _trainings(killed)
    assert set(found) == set(expected)
    assert len(found) == 2
    for key, (history, arrays) in expected.items():
        assert found[key][0] == history
        assert set(found[key][1]) == set(arrays)
        for name, array in arrays.items():
            np.testing.assert_array_equal(found[key][1][name], array)


def _trainings(project: Path) -> dict[str, tuple[list[Any], dict[str, Any]]]:
    """History without times, and every kept array, by key."""
    return {
        path.parent.name: (_history(path), dict(_arrays(path.parent)))
        for path in project.glob("data/06_models/trainings/*/history.json")
    }


def _history(path: Path) -> list[dict[str, Any]]:
    epochs = json.loads(path.read_text())["history"]
    return [
        {name: value for name, value in epoch.items() if name not in _TIMES}
        for epoch in epochs
    ]


_TIMES = ("seconds", "ended_at")


def _arrays(folder: Path) -> Iterator[tuple[str, Any]]:
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as arrays:
            for name in arrays.files:
                yield f"{path.name}/{name}", arrays[name]


def test_every_variant_is_one_run_of_one_parent(killed: Path) -> None:
    client = mlflow.MlflowClient(f"sqlite:///{killed / 'mlflow.db'}")
    home = client.get_experiment_by_name("kigezi").experiment_id
    runs = client.search_runs([home])
    children = [run for run in runs if "/" in run.info.run_name]
    names = sorted(run.info.run_name for run in children)
    expected = [f"freeze/{name}" for name in VARIANTS]
    assert names == sorted([*expected, "final/final_model"])
    assert len(runs) == len(children) + 1
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {
        run.info.run_id for run in runs if run not in children
    }
    for run in children:
        assert run.info.status == "FINISHED"
        epochs = client.get_metric_history(run.info.run_id, "epoch_validation_loss")
        steps = [metric.step for metric in epochs]
        assert sorted(steps) == list(range(1, len(steps) + 1))
