import math
from pathlib import Path

import pandas as pd
import pytest
from kedro.io import DatasetError

from kigezi.choosing import choose
from kigezi.datasets.records import ModelFileDataset, RecordDataset, TrialDataset
from kigezi.errors import DataError
from kigezi.faults import causes
from kigezi.records import TimeEstimate, Winner, digest_of
from tests.conftest import make_failed, make_result, make_trial


def _winners(folder: Path) -> RecordDataset:
    path = str(folder / "stage" / "winner.json")
    return RecordDataset(filepath=path, record="kigezi.records.Winner")


def test_a_winner_comes_back(tmp_path: Path) -> None:
    winner = choose([make_result("a", 0.9), make_result("b", 0.8)])
    dataset = _winners(tmp_path)
    assert not dataset.exists()
    dataset.save(winner)
    assert dataset.exists()
    assert dataset.load() == winner
    assert type(dataset.load()) is Winner


def test_nobody_won_comes_back(tmp_path: Path) -> None:
    winner = choose([make_result("a", math.nan)])
    _winners(tmp_path).save(winner)
    assert _winners(tmp_path).load() == winner


def test_another_record(tmp_path: Path) -> None:
    path = str(tmp_path / "time.json")
    dataset = RecordDataset(filepath=path, record="kigezi.records.TimeEstimate")
    estimate = TimeEstimate(trainings=3, seconds=1e6, forward_seconds=0.1)
    dataset.save(estimate)
    assert dataset.load() == estimate


@pytest.mark.parametrize("loss", [0.5, math.nan, math.inf])
def test_a_trial_comes_back(tmp_path: Path, loss: float) -> None:
    trial = make_trial("a", 0.9, loss=loss)
    dataset = TrialDataset(path=str(tmp_path / "stage" / "a"))
    assert not dataset.exists()
    dataset.save(trial)
    loaded = dataset.load()
    # As text, for NaN differs from itself.
    assert loaded.result.model_dump_json() == trial.result.model_dump_json()
    pd.testing.assert_frame_equal(loaded.predictions, trial.predictions)


def test_a_trial_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    dataset = TrialDataset(path=str(tmp_path / "a"))
    dataset.save(make_trial("a", 0.9))
    (tmp_path / "a" / "old").touch()
    dataset.save(make_trial("a", 0.8))
    assert dataset.load().result.validation.accuracy == 0.8
    names = sorted(path.name for path in tmp_path.rglob("*"))
    assert names == ["a", "predictions.parquet", "trial.json"]


def test_a_trial_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = TrialDataset(path=str(tmp_path / "a"))
    dataset.save(make_trial("a", 0.9))

    def fail(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", fail)
    with pytest.raises(DatasetError, match="No space left"):
        dataset.save(make_trial("a", 0.8))
    assert dataset.load().result.validation.accuracy == 0.9
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_model_file_is_kept_byte_by_byte(tmp_path: Path) -> None:
    dataset = ModelFileDataset(filepath=str(tmp_path / "deep" / "final_model.keras"))
    assert not dataset.exists()
    dataset.save(b"PK\x03\x04\r\n\x00")
    assert dataset.load() == b"PK\x03\x04\r\n\x00"
    assert "final_model.keras" in str(dataset)


def test_digests_do_not_depend_on_the_order_of_keys() -> None:
    assert digest_of({"a": 1, "b": [2, 3]}) == digest_of({"b": [2, 3], "a": 1})
    assert digest_of({"a": [2, 3]}) != digest_of({"a": [3, 2]})
    assert len(digest_of("ä")) == 64


def _sentence(error: DatasetError) -> str:
    (found,) = [cause for cause in causes(error) if isinstance(cause, DataError)]
    return found.message


@pytest.mark.parametrize("left", [b"", b'{"stage": "freeze"', b"{}", b"\xff"])
def test_a_damaged_winner_is_refused(tmp_path: Path, left: bytes) -> None:
    dataset = _winners(tmp_path)
    dataset.save(choose([make_result("a", 0.9)]))
    path = tmp_path / "stage" / "winner.json"
    path.write_bytes(left)
    with pytest.raises(DatasetError) as error:
        dataset.load()
    assert _sentence(error.value).startswith(f"{path} is damaged: delete it and run")


@pytest.mark.parametrize("name", ["trial.json", "predictions.parquet"])
@pytest.mark.parametrize("gone", [True, False])
def test_a_damaged_trial_is_refused(tmp_path: Path, name: str, gone: bool) -> None:
    dataset = TrialDataset(path=str(tmp_path / "a"))
    dataset.save(make_trial("a", 0.9))
    path = tmp_path / "a" / name
    path.write_bytes(path.read_bytes()[:-20])
    if gone:
        path.unlink()
    with pytest.raises(DatasetError) as error:
        dataset.load()
    assert "is damaged: delete it and run" in _sentence(error.value)


def test_what_was_never_there_is_not_damaged(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as error:
        _winners(tmp_path).load()
    assert not any(isinstance(cause, DataError) for cause in causes(error.value))


def test_a_failed_trial_comes_back(tmp_path: Path) -> None:
    dataset = TrialDataset(path=str(tmp_path / "a"))
    dataset.save(make_failed("a", "out of memory"))
    loaded = dataset.load()
    assert loaded.result.summary == "failed: out of memory"
    assert loaded.predictions.empty
