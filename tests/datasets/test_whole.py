from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kedro.io import AbstractDataset, DatasetError
from matplotlib.figure import Figure

from kigezi.datasets import whole
from kigezi.errors import DataError
from kigezi.faults import causes

TABLE = pd.DataFrame({"label": ["leaf", "stem"], "count": [1, 2]})


def _entry(kind: str, path: Path, **more: Any) -> Any:
    config = {"type": f"kigezi.datasets.whole.{kind}", "filepath": str(path), **more}
    return AbstractDataset.from_config("table", config)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("CSVDataset", TABLE),
        ("ParquetDataset", TABLE),
        ("TextDataset", "text"),
        ("MatplotlibDataset", Figure()),
    ],
)
def test_an_interrupted_save_leaves_the_old_file(
    tmp_path: Path, kind: str, data: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "folder" / "file"
    entry = _entry(kind, path)
    assert not entry.exists()
    entry.save(data)
    before = path.read_bytes()

    def cut(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", cut)
    with pytest.raises(KeyboardInterrupt):
        entry.save(data)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["file"]
    monkeypatch.undo()
    entry.save(data)
    assert entry.exists()


def test_tables_come_back(tmp_path: Path) -> None:
    for kind in ("CSVDataset", "ParquetDataset"):
        saved = {"save_args": {"index": False}} if kind == "CSVDataset" else {}
        entry = _entry(kind, tmp_path / kind, **saved)
        entry.save(TABLE)
        assert entry.load().equals(TABLE)


@pytest.mark.parametrize("cut", [True, False])
def test_a_damaged_table_is_noticed(tmp_path: Path, cut: bool) -> None:
    entry = _entry("ParquetDataset", tmp_path / "ledger.parquet")
    entry.save(pd.DataFrame({"path": [f"photograph {n}" for n in range(500)]}))
    data = bytearray((tmp_path / "ledger.parquet").read_bytes())
    data[len(data) // 3] ^= 1
    (tmp_path / "ledger.parquet").write_bytes(data[: -100 if cut else None])
    with pytest.raises(DatasetError) as error:
        entry.load()
    (sentence,) = [e for e in causes(error.value) if isinstance(e, DataError)]
    assert "ledger.parquet is damaged: delete it" in sentence.message


def test_a_missing_table_is_not_damaged(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as error:
        _entry("ParquetDataset", tmp_path / "none.parquet").load()
    assert not [e for e in causes(error.value) if isinstance(e, DataError)]


def test_previews_are_those_of_kedro() -> None:
    assert whole.CSVDataset.preview
    assert whole.MatplotlibDataset.preview
