"""Real processes that die, are locked out, or lose their server."""

import signal
import sqlite3
import time
from pathlib import Path

import mlflow
import pytest

from kigezi.datasets.mlflow_server import Server
from kigezi.datasets.tracking import Tracking
from tests.conftest import make_trial
from tests.datasets.conftest import begin_new_process
from tests.servers import mlflow_server, wait_for
from tests.tracked import assert_complete, go_on, runs_in, start_tracking, track

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("end", "code", "status"),
    [
        ("interrupt", 1, "KILLED"),
        ("raise", 1, "FAILED"),
        ("exit", 3, "KILLED"),
        ("terminate", 1, "KILLED"),
        ("kill", -signal.SIGKILL, "RUNNING"),
    ],
)
def test_five_ends(server: Server, end: str, code: int, status: str) -> None:
    process = start_tracking(server, "a", end)
    out, error = process.communicate(timeout=120)
    assert process.returncode in (code, -signal.SIGINT), error
    assert out.startswith("a 1 ")
    assert [run.info.status for run in runs_in(server)] == [status, status]
    begin_new_process()
    Tracking(server, "study").prepare()
    assert "RUNNING" not in [run.info.status for run in runs_in(server)]
    process = start_tracking(server, "a")
    assert process.wait(timeout=120) == 0
    assert_complete(server, "a")


def test_a_server_that_is_killed_and_started_again(tmp_path: Path, model: Path) -> None:
    with mlflow_server(tmp_path, f"sqlite:///{tmp_path}/mlflow.db") as running:
        server = Server(running.uri, "kigezi", None)
        process = start_tracking(
            server, "a,b,c", "wait", TRACKED_PAUSE="1", TRACKED_MODEL=str(model)
        )
        assert process.stdout.readline().startswith("a 1 ")
        running.kill()
        lines = [go_on(process) for _ in range(3)]
        assert [line[:2] for line in lines] == [["a", "2"], ["b", "1"], ["b", "2"]]
        running.start()
        assert go_on(process)[:2] == ["c", "1"]
        _, said = process.communicate("\n\n", timeout=300)
        assert process.returncode == 0, said
        assert said.count("Training goes on") == 1
        assert said.count("answers again; nothing is missing") == 1
        assert max(float(line[2]) for line in lines) < 10
        assert_complete(server, "a", "b", "c")
        client = mlflow.MlflowClient(server.uri)
        for run in runs_in(server)[:3]:
            (plot,) = client.list_artifacts(run.info.run_id)
            assert plot.path == "curves.png"
        home = client.get_experiment_by_name("kigezi").experiment_id
        (logged,) = client.search_logged_models([home])
        assert logged.status == "READY"
        mlflow.set_tracking_uri(server.uri)
        loaded = mlflow.keras.load_model(f"models:/{logged.model_id}")
        assert loaded.output_shape == (None, 2)


def test_a_database_that_somebody_locks(server: Server, database: Path) -> None:
    process = start_tracking(server, "a,b", "", "1", TRACKED_PAUSE="5")
    assert process.stdout.readline().startswith("a 1 ")
    with sqlite3.connect(database) as other:
        other.execute("BEGIN IMMEDIATE")
        lines = [process.stdout.readline() for _ in range(3)]
        other.rollback()
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    assert "locked" in said
    assert "Traceback" not in said
    waited = [float(line.split()[2]) for line in lines]
    assert sum(seconds > 5 for seconds in waited) == 1, waited
    track(server, make_trial("a", 0.9))
    track(server, make_trial("b", 0.9))
    begin_new_process()


def test_four_processes_on_a_database_that_is_not_there_yet(tmp_path: Path) -> None:
    server = Server(f"sqlite:///{tmp_path}/mlflow.db", "kigezi", None)
    processes = [
        start_tracking(server, variant, TRACKED_PAUSE="1") for variant in "abcd"
    ]
    for process in processes:
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
        assert "did not take" not in said
    assert_complete(server, "a", "b", "c", "d")


def test_killed_while_the_database_is_made(tmp_path: Path) -> None:
    server = Server(f"sqlite:///{tmp_path}/mlflow.db", "kigezi", None)
    for seconds in (0, 0.2, 0.4, 0.6):
        process = start_tracking(server, "a", "kill")
        wait_for(lambda: list(tmp_path.glob(".incomplete-*.db")), 60)
        time.sleep(seconds)
        process.kill()
        process.communicate()
    assert start_tracking(server, "a").wait(timeout=120) == 0
    assert_complete(server, "a")
    assert not list(tmp_path.glob(".incomplete-*"))
