"""The small study on two worker processes, one of which is killed while it trains."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import mlflow
import psutil
import pytest

from tests.small_study import STAGES, make_project
from tests.survival.outcome import differences, outcome
from tests.undisturbed import Undisturbed

pytest.importorskip("distributed", reason="Dask is not installed")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of the study, one worker of which is killed in its epochs."""
    folder = make_project(tmp_path_factory.mktemp("killed"))
    command = [sys.executable, "-m", "kedro", "run", "--env=small"]
    with (
        (folder / "output.log").open("w+") as log,
        psutil.Popen(
            [*command, "--runner=kigezi.runners.DaskRunner"],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(folder / "src")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        for line in process.stdout:
            log.write(line)
            if "entire_network: epoch 1 of 8" in line:
                _trainer_of("freeze/entire_network", folder).kill()
    output = (folder / "output.log").read_text()
    assert process.returncode == 0, output
    assert "Traceback" not in output
    assert "Stopping worker" not in output
    assert "Connection to" not in output
    assert "freeze/longer goes on after epoch 8" in output
    lost = "was lost: another one goes on with freeze/entire_network, "
    assert output.count(lost) == 1
    assert re.search(r"freeze/entire_network goes on after epoch [0-7]", output)
    return folder


def _trainer_of(variant: str, project: Path) -> psutil.Process:
    """The process that holds the lock of a variant's training."""
    locks = project.glob("data/06_models/trainings/*.lock.json")
    holders = [json.loads(path.read_text()) for path in locks]
    [process] = [one["process"] for one in holders if one["doing"] == variant]
    return psutil.Process(process)


def test_nothing_differs_from_one_process(
    killed: Path, undisturbed: Undisturbed
) -> None:
    assert not differences(outcome(killed), undisturbed.after["report"])


def test_every_variant_is_one_run_of_one_parent(killed: Path) -> None:
    client = mlflow.MlflowClient(f"sqlite:///{killed / 'mlflow.db'}")
    home = client.get_experiment_by_name("kigezi").experiment_id
    runs = client.search_runs([home])
    children = [run for run in runs if "/" in run.info.run_name]
    names = sorted(run.info.run_name for run in children)
    expected = [f"{stage}/{name}" for stage, names in STAGES.items() for name in names]
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
