import os
from pathlib import Path

import pandas as pd
import pytest

from kigezi.datasets import tables
from kigezi.datasets.tables import TablesDataset

TABLE = pd.DataFrame({"path": ["a", "b"], "likeness": [0.5, 0.25]})


def _never() -> pd.DataFrame:
    raise AssertionError("it is there")


def test_a_table_is_made_once(tmp_path: Path) -> None:
    store = TablesDataset(path=str(tmp_path / "tables")).load()
    pd.testing.assert_frame_equal(store.get_or_make("d" * 64, lambda: TABLE), TABLE)
    pd.testing.assert_frame_equal(store.get_or_make("d" * 64, _never), TABLE)
    other = store.get_or_make("e" * 64, lambda: TABLE[:1])
    assert len(other) == 1


@pytest.mark.parametrize("damage", [b"", b"rubbish"])
def test_a_damaged_table_is_made_again(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    store = TablesDataset(path=str(tmp_path)).load()
    store.get_or_make("d" * 64, lambda: TABLE[:1])
    (file,) = tmp_path.glob("*.parquet")
    file.write_bytes(damage)
    pd.testing.assert_frame_equal(store.get_or_make("d" * 64, lambda: TABLE), TABLE)
    assert f"{file} is damaged" in caplog.text
    pd.testing.assert_frame_equal(store.get_or_make("d" * 64, _never), TABLE)


def test_those_that_were_not_asked_for_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_KEPT", 2)
    store = TablesDataset(path=str(tmp_path)).load()
    for age, digest in enumerate("abc"):
        store.get_or_make(digest, lambda: TABLE)
        for file in tmp_path.glob(f"{digest}.parquet"):
            os.utime(file, (age, age))
    store.get_or_make("b", _never)
    store.get_or_make("d", lambda: TABLE)
    assert {file.stem for file in tmp_path.glob("*.parquet")} == {"b", "d"}


def test_nothing_is_left_of_a_table_that_could_not_be_made(tmp_path: Path) -> None:
    store = TablesDataset(path=str(tmp_path)).load()
    with pytest.raises(AssertionError):
        store.get_or_make("d" * 64, _never)
    assert not list(tmp_path.iterdir())
