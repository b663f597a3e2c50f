"""The runner with real worker processes, and trainings that train nothing."""

import logging
import os
import re
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from kedro.framework.hooks import _create_hook_manager, hook_impl
from kedro.io import DataCatalog

from kigezi.errors import ConfigurationError, DataError
from kigezi.runners import DaskRunner, cluster
from kigezi.settings import SESSION_CLASS
from tests.projects import copy_project
from tests.runners.toys import toy_pipeline

pytest.importorskip("distributed", reason="Dask is not installed")


class SavedHooks:
    """Notes what is saved."""

    def __init__(self) -> None:
        self.saved: list[str] = []

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        self.saved.append(dataset_name)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("project"))


def _catalog(project: Path, **params: Any) -> DataCatalog:
    session = SESSION_CLASS.create(project, runtime_params={"dask": params})
    versions = {"augmented": "2026-01-01T00.00.00.000Z"}
    return session.load_context()._get_catalog(load_versions=versions)


def _run(project: Path, *variants: str, **params: Any) -> list[dict[str, Any]]:
    pipeline = toy_pipeline(*variants)
    catalog = _catalog(project, **params)
    return DaskRunner().run(pipeline, catalog)["gathered"].load()


def test_workers_train_and_the_driver_saves(project: Path) -> None:
    hooks, noted = _create_hook_manager(), SavedHooks()
    hooks.register(noted)
    pipeline, catalog = toy_pipeline("one", "two"), _catalog(project)
    answers = DaskRunner().run(pipeline, catalog, hooks)["gathered"].load()
    assert len({answer["process"] for answer in answers} | {os.getpid()}) == 3
    for answer in answers:
        assert answer["examples"] == answer["process"]
        assert answer["threads"] == os.environ["TF_NUM_INTRAOP_THREADS"]
        assert answer["pinned"] == "2026-01-01T00.00.00.000Z"
        assert answer["listens"] == {"127.0.0.1"}
    assert {"one.answer", "two.answer", "gathered"} <= set(noted.saved)


@pytest.mark.slow
def test_a_killed_worker_is_replaced_and_one_that_always_dies_is_given_up(
    project: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kigezi.runners.queue._MOST_LOSSES", 2)
    caplog.set_level(logging.INFO, "kigezi")
    once, always, fine = _run(project, "kill_once", "kill_always", "fine")
    assert not once["given_up"]
    assert not fine["given_up"]
    assert "2 Dask workers ended" in always["given_up"]
    assert always["process"] == os.getpid()
    assert "was lost: another one goes on with freeze/kill_once" in caplog.text
    assert "fine begins" in caplog.text


def test_a_mistake_reaches_the_user_as_it_is(project: Path) -> None:
    with pytest.raises(DataError, match=r"^The photographs are gone: "):
        _run(project, "mistake", "fine", workers=1, resources={"GPU": 1})


@pytest.mark.slow
def test_a_scheduler_elsewhere_is_used_as_soon_as_it_has_a_worker(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from distributed import LocalCluster

    options = {"host": "127.0.0.1", "dashboard_address": None, "memory_limit": 0}
    with LocalCluster(n_workers=0, threads_per_worker=4, **options) as other:
        timer = threading.Timer(3, other.scale, [1])
        timer.start()
        answers = _run(project, "one", "two", scheduler=other.scheduler_address)
    assert len({answer["process"] for answer in answers} - {os.getpid()}) == 1
    assert "No Dask worker is there" in caplog.text


def test_no_scheduler_answers(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 1)
    address = "tcp://127.0.0.1:9"
    with pytest.raises(ConfigurationError, match=re.escape(f"answers at {address}:")):
        _run(project, "fine", scheduler=address)


def test_without_dask_it_says_how_to_install_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigurationError, match=r'pip install -e "\.\[dask\]"'):
        _run(project, "fine")


def test_a_pipeline_without_training_needs_no_cluster(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    pipeline = toy_pipeline("one").filter(to_outputs=["one.toy"])
    made = DaskRunner().run(pipeline, _catalog(project))["one.toy"].load()
    assert made.variant == "one"
