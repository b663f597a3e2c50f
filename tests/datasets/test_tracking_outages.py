"""MLflow that is away, refuses, or is used by several at once."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE

from kigezi.datasets import mlflow_runs
from kigezi.datasets.mlflow_server import Server
from kigezi.datasets.processes import has_ended, this_host, this_process
from kigezi.datasets.tracking import Tracking, close_tracking
from tests.conftest import make_assignment, make_trial
from tests.datasets.conftest import Clock, begin_new_process
from tests.tracked import FINAL, points_of, runs_in, track


class Outage:
    """MLflow's client, which answers only while it is not away."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.away = True
        self.calls = 0
        self._client = mlflow.MlflowClient
        monkeypatch.setattr("mlflow.MlflowClient", self._connect)

    def _connect(self, uri: str) -> Any:
        self.calls += 1
        if self.away:
            raise MlflowException("API request failed:\nconnection refused")
        return self._client(uri)


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> Outage:
    return Outage(monkeypatch)


@pytest.fixture(autouse=True)
def _new_process(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    begin_new_process()
    with caplog.at_level(logging.INFO):
        yield
    begin_new_process()


def test_one_warning_for_an_outage(
    server: Server, clock: Clock, outage: Outage, caplog: pytest.LogCaptureFixture
) -> None:
    for variant in "abc":
        track(server, make_trial(variant, 0.9))
        clock.sleep(61)
    (message,) = caplog.messages
    assert "connection refused). Training goes on" in message
    assert server.uri in message
    assert "\n" not in message


def test_nothing_is_tried_for_a_minute(
    server: Server, clock: Clock, outage: Outage
) -> None:
    track(server, make_trial("a", 0.9))
    assert outage.calls == 1
    clock.sleep(59)
    track(server, make_trial("b", 0.9))
    assert outage.calls == 1
    clock.sleep(2)
    track(server, make_trial("c", 0.9))
    assert outage.calls == 2


def test_a_slow_server_is_left_alone_for_longer(
    server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def time_out(*_: Any) -> None:
        clock.sleep(20)
        raise MlflowException("timed out")

    monkeypatch.setattr(mlflow, "MlflowClient", time_out)
    began = clock.now
    run = Tracking(server, "study").begin(make_assignment(), "d" * 64, "k")
    for epoch in make_trial("a", 0.9).result.history * 500:
        clock.sleep(1)
        run.epoch(epoch)
    assert clock.now - began < 1000 * 1.15


def test_what_was_missed_is_sent_once_the_server_answers(
    server: Server, clock: Clock, outage: Outage, caplog: pytest.LogCaptureFixture
) -> None:
    for variant in "ab":
        track(server, make_trial(variant, 0.9))
    clock.sleep(61)
    outage.away = False
    track(server, make_trial("c", 0.9))
    *runs, parent = runs_in(server)
    assert [run.info.run_name for run in runs] == ["freeze/a", "freeze/b", "freeze/c"]
    for run in runs:
        assert run.data.metrics.items() >= FINAL.items()
        assert points_of(server, run, "epoch_train_loss") == [(1, 0.6), (2, 0.5)]
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert "answers again; nothing is missing" in caplog.messages[-1]


def test_the_end_of_the_study_tries_once_more(
    server: Server, clock: Clock, outage: Outage, caplog: pytest.LogCaptureFixture
) -> None:
    for variant in "ab":
        track(server, make_trial(variant, 0.9))
    Tracking(server, "study").finish_study(make_assignment(), "d" * 64)
    close_tracking()
    assert "could not be sent the results of 2 variants" in caplog.messages[-1]
    outage.away = False
    close_tracking()
    assert [run.info.status for run in runs_in(server)] == ["FINISHED"] * 3
    assert all("kigezi.complete" in run.data.tags for run in runs_in(server)[:2])


def test_another_process_sends_what_the_first_could_not(
    server: Server, outage: Outage
) -> None:
    track(server, make_trial("a", 0.9))
    begin_new_process()
    outage.away = False
    track(server, make_trial("a", 0.9))
    run, _ = runs_in(server)
    assert run.data.metrics.items() >= FINAL.items()
    assert "kigezi.complete" in run.data.tags


def test_epochs_are_seen_again_after_an_outage(
    server: Server, clock: Clock, outage: Outage
) -> None:
    first, second = make_trial("a", 0.9).result.history
    run = Tracking(server, "study").begin(make_assignment(), "d" * 64, "k")
    run.epoch(first)
    outage.away = False
    clock.sleep(61)
    run.epoch(second)
    child, _ = runs_in(server)
    assert child.info.status == "RUNNING"
    assert points_of(server, child, "epoch_train_loss") == [(1, 0.6), (2, 0.5)]


@pytest.mark.parametrize(
    "call", ["log_batch", "log_figure", "log_inputs", "set_tag", "set_terminated"]
)
def test_a_server_that_goes_away_meanwhile(
    server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(mlflow.MlflowClient, call, _refuse_connection)
        track(server, make_trial("a", 0.9))
    close_tracking()
    run, _ = runs_in(server)
    assert run.info.status == "FINISHED"
    assert "kigezi.complete" in run.data.tags
    assert len(run.inputs.dataset_inputs) == 1
    assert run.data.params["variant"] == "a"
    assert points_of(server, run, "test_accuracy") == [(0, 0.225)]


def _refuse_connection(*_: Any, **__: Any) -> None:
    raise MlflowException("API request failed: connection refused")


def test_what_is_refused_keeps_nothing_else_back(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log_figure = mlflow.MlflowClient.log_figure

    def refuse_a(client: Any, run_id: str, *rest: Any) -> None:
        if client.get_run(run_id).info.run_name == "freeze/a":
            raise MlflowException("too long", INVALID_PARAMETER_VALUE)
        log_figure(client, run_id, *rest)

    monkeypatch.setattr(mlflow.MlflowClient, "log_figure", refuse_a)
    for variant in "abc":
        track(server, make_trial(variant, 0.9))
    close_tracking()
    complete = ["kigezi.complete" in run.data.tags for run in runs_in(server)]
    assert complete == [False, True, True, False]
    assert len(caplog.messages) == 2
    assert "could not be sent the results of 1 variant (" in caplog.messages[-1]


def test_one_of_two_that_write_the_same_at_once_tries_again(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log_inputs, refused = mlflow.MlflowClient.log_inputs, []

    def refuse_once(*arguments: Any, **named: Any) -> None:
        if not refused:
            refused.append(True)
            raise MlflowException("duplicate key", INVALID_PARAMETER_VALUE)
        log_inputs(*arguments, **named)

    monkeypatch.setattr(mlflow.MlflowClient, "log_inputs", refuse_once)
    track(server, make_trial("a", 0.9))
    run, _ = runs_in(server)
    assert len(run.inputs.dataset_inputs) == 1
    assert caplog.messages == []


def test_a_run_that_was_deleted_by_hand_is_made_again(server: Server) -> None:
    trial = make_trial("a", 0.9)
    result = trial.result
    run = Tracking(server, "study").begin(result.assignment, "d" * 64, result.key)
    for found in runs_in(server):
        mlflow.MlflowClient(server.uri).delete_run(found.info.run_id)
    for epoch in result.history:
        run.epoch(epoch)
    child, parent = runs_in(server)
    assert points_of(server, child, "epoch_train_loss") == [(1, 0.6), (2, 0.5)]
    run.finish(trial, dict, Path("no model"))
    (again, _) = runs_in(server)
    assert again.data.metrics.items() >= FINAL.items()
    assert again.data.tags["mlflow.parentRunId"] == parent.info.run_id


def test_a_database_that_cannot_be_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "folder").mkdir()
    broken = Server(f"sqlite:///{tmp_path}/folder", "kigezi", None)
    run = Tracking(broken, "study").begin(make_assignment(), "d" * 64, "k")
    run.epoch(make_trial("a", 0.9).result.history[0])
    assert "Training goes on" in caplog.text
    assert len(caplog.messages) == 1


def test_no_password_is_shown() -> None:
    uri = "postgresql+pg8000://ann:secret@host:5432/mlflow"
    server = Server(uri, "kigezi", None)
    assert server.address == "postgresql+pg8000://host:5432/mlflow"


def test_a_crash_while_a_run_is_created(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as crash, pytest.raises(KeyboardInterrupt):
        crash.setattr(mlflow.MlflowClient, "log_batch", _interrupt)
        track(server, make_trial("a", 0.9))
    assert len(runs_in(server)) == 2
    begin_new_process()
    track(server, make_trial("a", 0.9))
    run, _ = runs_in(server)
    assert run.data.params["variant"] == "a"
    assert run.data.metrics.items() >= FINAL.items()


def _interrupt(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_of_two_that_create_one_run_the_oldest_is_kept(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    find, seen = mlflow_runs.find_runs, []

    def find_late(client: Any, home: str, tags: Any, and_also: str = "") -> Any:
        """The first time, another process creates the same run meanwhile."""
        found = find(client, home, tags, and_also)
        if not and_also and tags.keys() not in seen:
            seen.append(tags.keys())
            client.create_run(home, start_time=1, tags={**tags, "other": "yes"})
        return found

    with monkeypatch.context() as slow:
        slow.setattr(mlflow_runs, "find_runs", find_late)
        Tracking(server, "study").begin(make_assignment(), "d" * 64, "k")
    assert len(runs_in(server)) == 2
    assert all(run.data.tags["other"] == "yes" for run in runs_in(server))


def test_what_a_dead_process_was_at_is_killed(server: Server) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "import psutil;print(psutil.Process().create_time())"],
        capture_output=True,
        text=True,
        check=True,
    )
    for variant in "ab":
        Tracking(server, "study").begin(
            make_assignment(variant=variant), "d" * 64, variant
        )
    client = mlflow.MlflowClient(server.uri)
    dead = f"4194000 {float(ended.stdout):.0f}"
    for run in runs_in(server):
        if run.info.run_name != "freeze/b":
            client.set_tag(run.info.run_id, "kigezi.process", dead)
    begin_new_process()
    Tracking(server, "study").prepare()
    statuses = [run.info.status for run in runs_in(server)]
    assert statuses == ["KILLED", "RUNNING", "KILLED"]


def test_a_process_is_alive_until_it_has_ended() -> None:
    assert not has_ended(this_process())
    number = os.getpid()
    assert has_ended(f"{number} 1000000")
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    import psutil

    process = f"{child.pid} {psutil.Process(child.pid).create_time():.0f}"
    assert not has_ended(process)
    child.kill()
    child.wait()
    assert has_ended(process)
    assert this_host() == this_host()
