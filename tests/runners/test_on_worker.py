"""What a worker refuses, without a worker."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("distributed", reason="Dask is not installed")

from kigezi.errors import ConfigurationError
from kigezi.runners import on_worker
from kigezi.runners.project import Project, code_digest
from tests.projects import PROJECT


@pytest.fixture(autouse=True)
def _worker(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = SimpleNamespace(address="tcp://other:1")
    monkeypatch.setattr(on_worker, "get_worker", lambda: worker)


def _project() -> Project:
    return Project(
        path=PROJECT,
        code=code_digest(),
        conf_source=str(PROJECT / "conf"),
        env="base",
        runtime_params={},
        load_versions={},
        environment={},
        log_topic="log",
        log_level=0,
        run_id=None,
    )


def test_a_worker_that_sees_the_same_project_is_used() -> None:
    on_worker._check(_project())


def test_a_worker_without_the_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="tcp://other:1 does not see"):
        on_worker._check(replace(_project(), path=tmp_path))


def test_a_worker_with_other_code_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="another version of this project"):
        on_worker._check(replace(_project(), code="other"))


def test_threads_are_those_of_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIGEZI_THREADS", "4")
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    on_worker._use({"KIGEZI_THREADS": "2"})
    assert os.environ["KIGEZI_THREADS"] == "2"
    on_worker._use({"KIGEZI_THREADS": ""})
    assert "KIGEZI_THREADS" not in os.environ


def test_what_the_driver_does_not_set_is_not_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("KIGEZI_MATH", raising=False)
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace())
    on_worker._use({"KIGEZI_MATH": ""})
    monkeypatch.setenv("KIGEZI_MATH", "BF16")
    with pytest.raises(ConfigurationError, match="trained with KIGEZI_MATH=BF16"):
        on_worker._use({"KIGEZI_MATH": ""})


def test_other_threads_after_a_training_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KIGEZI_THREADS", "4")
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace())
    on_worker._use({"KIGEZI_THREADS": "4"})
    with pytest.raises(ConfigurationError, match="already trained with KIGEZI_THREADS"):
        on_worker._use({"KIGEZI_THREADS": "2"})
