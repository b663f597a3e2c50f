import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from kigezi.datasets import tables
from kigezi.datasets.tables import TablesDataset

TABLE = pd.DataFrame({"path": ["a", "b"], "likeness": [0.5, 0.25]})


def _never(done: int) -> Iterator[pd.DataFrame]:
    raise AssertionError("it is there")


def _whole(table: pd.DataFrame) -> Callable[[int], Iterator[pd.DataFrame]]:
    return lambda done: iter([table[done:]])


def test_a_table_is_made_once(tmp_path: Path) -> None:
    store = TablesDataset(path=str(tmp_path / "tables")).load()
    pd.testing.assert_frame_equal(store.get_or_make("d" * 64, _whole(TABLE)), TABLE)
    pd.testing.assert_frame_equal(store.get_or_make("d" * 64, _never), TABLE)
    other = store.get_or_make("e" * 64, _whole(TABLE[:1]))
    assert len(other) == 1


@pytest.mark.parametrize("damage", [b"", b"rubbish"])
def test_a_damaged_table_is_made_again(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    store = TablesDataset(path=str(tmp_path)).load()
    store.get_or_make("d" * 64, _whole(TABLE[:1]))
    (file,) = tmp_path.glob("*.parquet")
    file.write_bytes(damage)
    pd.testing.assert_frame_equal(store.get_or_make("d" * 64, _whole(TABLE)), TABLE)
    assert f"{file} is damaged" in caplog.text
    pd.testing.assert_frame_equal(store.get_or_make("d" * 64, _never), TABLE)


def test_those_that_were_not_asked_for_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_KEPT", 2)
    store = TablesDataset(path=str(tmp_path)).load()
    for age, digest in enumerate("abc"):
        store.get_or_make(digest, _whole(TABLE))
        for file in tmp_path.glob(f"{digest}.parquet"):
            os.utime(file, (age, age))
    store.get_or_make("b", _never)
    store.get_or_make("d", _whole(TABLE))
    assert {file.stem for file in tmp_path.glob("*.parquet")} == {"b", "d"}


def test_nothing_is_left_of_a_table_that_could_not_be_made(tmp_path: Path) -> None:
    store = TablesDataset(path=str(tmp_path)).load()
    with pytest.raises(AssertionError):
        store.get_or_make("d" * 64, _never)
    assert not list(tmp_path.iterdir())


LONG = pd.DataFrame({"number": range(10)})


def _until(stop: int, asked: list[int]) -> Callable[[int], Iterator[pd.DataFrame]]:
    """Makes parts of two rows, and fails at a row."""

    def make(done: int) -> Iterator[pd.DataFrame]:
        asked.append(done)
        for start in range(done, len(LONG), 2):
            if start >= stop:
                raise InterruptedError
            yield LONG[start : start + 2]

    return make


def test_interrupted_work_goes_on_where_it_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    store = TablesDataset(path=str(tmp_path)).load()
    asked: list[int] = []
    for stop in (0, 4, 6):
        with pytest.raises(InterruptedError):
            store.get_or_make("d", _until(stop, asked))
    table = store.get_or_make("d", _until(99, asked))
    assert asked == [0, 0, 4, 6]
    pd.testing.assert_frame_equal(table, LONG)
    pd.testing.assert_frame_equal(store.get_or_make("d", _never), LONG)
    assert [path.name for path in tmp_path.iterdir()] == ["d.parquet"]
    assert f"6 rows of {tmp_path / 'd.parquet'} are there" in caplog.text


def test_a_damaged_part_is_made_again_with_those_after_it(tmp_path: Path) -> None:
    store = TablesDataset(path=str(tmp_path)).load()
    with pytest.raises(InterruptedError):
        store.get_or_make("d", _until(6, []))
    (tmp_path / "d.parts" / "000001.parquet").write_bytes(b"rubbish")
    asked: list[int] = []
    pd.testing.assert_frame_equal(store.get_or_make("d", _until(99, asked)), LONG)
    assert asked == [2]


def _kill_at(row: int, folder: Path) -> None:
    def make(done: int) -> Iterator[pd.DataFrame]:
        for start in range(done, len(LONG), 2):
            if start == row:
                os.kill(os.getpid(), signal.SIGKILL)
            yield LONG[start : start + 2]

    TablesDataset(path=str(folder)).load().get_or_make("d", make)


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX")
def test_parts_outlive_a_killed_process(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    process = spawn.Process(target=_kill_at, args=[6, tmp_path])
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    asked: list[int] = []
    store = TablesDataset(path=str(tmp_path)).load()
    pd.testing.assert_frame_equal(store.get_or_make("d", _until(99, asked)), LONG)
    assert asked == [6]


def test_unfinished_tables_are_removed_in_time_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_KEPT", 2)
    store = TablesDataset(path=str(tmp_path)).load()
    with pytest.raises(InterruptedError):
        store.get_or_make("unfinished", _until(4, []))
    os.utime(tmp_path / "unfinished.parts", (0, 0))
    for digest in "ab":
        store.get_or_make(digest, _whole(TABLE))
    assert {path.name for path in tmp_path.iterdir()} == {"a.parquet", "b.parquet"}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_store_maps_in_order(tmp_path: Path, workers: int) -> None:
    store = TablesDataset(path=str(tmp_path), workers=workers).load()
    assert list(store.map(str, iter(range(9)))) == list(map(str, range(9)))
