import hashlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from kigezi.datasets import mlflow_registry
from kigezi.datasets.exported import Exported, ExportedDataset
from kigezi.datasets.mlflow_registry import register, registered_name
from kigezi.datasets.mlflow_server import Server
from kigezi.datasets.mlflow_variants import Variant
from kigezi.exporting.packing import pack
from tests.conftest import make_assignment
from tests.exported import make_card

VARIANT = Variant("small", make_assignment(), "d" * 64, "")
SERVER = Server("sqlite://", "kigezi", None)


class _Registry:
    """MLflow's client, which knows one version of a model."""

    def __init__(self, model: bytes) -> None:
        tags = {"kigezi.exported": hashlib.sha256(model).hexdigest()}
        self._versions = [SimpleNamespace(tags=tags)]

    def search_model_versions(self, condition: str) -> list[SimpleNamespace]:
        assert condition == f"name = '{registered_name('small')}'"
        return self._versions


def _exported(folder: Path, page: str, **models: bytes) -> Exported:
    dataset = ExportedDataset(path=str(folder))
    dataset.save(pack(models, make_card(), page))
    return dataset.load()


@pytest.fixture(autouse=True)
def _nothing_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("a new version is made")

    monkeypatch.setattr(mlflow_registry, "open_study", fail)
    monkeypatch.setattr(mlflow_registry, "experiment", lambda *_: "1")


def test_dates_and_times_make_no_new_version(tmp_path: Path) -> None:
    # A page holds measured times, and a .keras file when it was written.
    page, model = "7.1 ms", b"TFL3"
    for other in (b"12:00", b"12:01"):
        exported = _exported(tmp_path / "exported", page, float32=model, keras=other)
        register(SERVER, VARIANT, exported, b"", _Registry(model))
        page = "7.3 ms"


def test_another_model_makes_a_new_version(tmp_path: Path) -> None:
    exported = _exported(tmp_path / "exported", "", float32=b"TFL3 other")
    with pytest.raises(AssertionError, match="a new version is made"):
        register(SERVER, VARIANT, exported, b"", _Registry(b"TFL3"))
