import json
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from kigezi.datasets import mlflow_registry
from kigezi.datasets.exported import Exported
from kigezi.datasets.mlflow_server import Server
from kigezi.datasets.tracking import close_tracking
from tests.bright_export import write_export
from tests.datasets.conftest import begin_new_process
from tests.datasets.test_tracking_outages import Outage
from tests.registered import register, versions_in
from tests.tracked import runs_in


@pytest.fixture(autouse=True)
def _new_process() -> Iterator[None]:
    begin_new_process()
    yield
    begin_new_process()


@pytest.fixture
def exported(tmp_path: Path) -> Exported:
    return write_export(tmp_path / "exported")


def test_an_export_is_registered_once(server: Server, exported: Exported) -> None:
    for _ in range(2):
        register(server, exported)
        begin_new_process()
    (version,) = versions_in(server)
    (study,) = runs_in(server)
    assert version.run_id == study.info.run_id
    client = mlflow.MlflowClient(server.uri)
    model = client.get_logged_model(version.source.removeprefix("models:/"))
    place = [{"name": version.name, "version": 1}]
    assert json.loads(model.tags["mlflow.modelVersions"]) == place
    assert study.info.status == "FINISHED"
    assert mlflow.active_run() is None


def test_the_newest_version_is_what_was_exported_last(
    server: Server, exported: Exported, tmp_path: Path
) -> None:
    other = write_export(tmp_path / "other", training="another")
    for one in (exported, other, exported):
        register(server, one)
    first, second, third = [v.tags["kigezi.exported"] for v in versions_in(server)]
    assert first == third != second


def test_measured_times_make_no_new_version(
    server: Server, exported: Exported, tmp_path: Path
) -> None:
    register(server, exported)
    register(server, write_export(tmp_path / "again", page="7.3 ms"))
    assert len(versions_in(server)) == 1


def test_other_code_makes_a_new_version(
    server: Server, exported: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(server, exported)
    travelling = mlflow_registry._TRAVELLING
    monkeypatch.setattr(mlflow_registry, "_TRAVELLING", (*travelling, "quiet.py"))
    register(server, exported)
    assert len(versions_in(server)) == 2


def test_what_mlflow_missed_is_sent_by_the_next_run(
    server: Server,
    exported: Exported,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with monkeypatch.context() as patched:
        Outage(patched)
        register(server, exported)
        register(server, exported)
    (message,) = caplog.messages
    assert "did not take this (API request failed: connection refused)" in message
    assert versions_in(server) == []
    begin_new_process()
    register(server, exported)
    assert len(versions_in(server)) == 1


def test_what_mlflow_missed_is_sent_when_it_answers_again(
    server: Server, exported: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        Outage(patched)
        register(server, exported)
    close_tracking()
    assert len(versions_in(server)) == 1


def test_an_interrupted_version_is_made_again(
    server: Server, exported: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(mlflow.MlflowClient, "create_model_version", crash)
        register(server, exported)
    register(server, exported)
    assert len(versions_in(server)) == 1
