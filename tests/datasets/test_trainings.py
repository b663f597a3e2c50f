import itertools
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kigezi.datasets.trainings import Training, TrainingsDataset
from kigezi.errors import DataError
from kigezi.records import Figures
from tests.conftest import make_history

DECIDED: dict[str, Any] = {"recipe": {"learning_rate": 0.1}, "version": 1}


def _open(folder: Path, budgets: Sequence[int] = (9,)) -> Training:
    return TrainingsDataset(path=str(folder)).load().open(DECIDED, budgets)


def _train(training: Training, losses: Sequence[float], begin: int = 1) -> None:
    """Save epochs as `train` does: weights whenever the loss is the lowest yet."""
    for number in range(begin, len(losses) + 1):
        improved = losses[number - 1] < min(losses[: number - 1], default=np.inf)
        arrays = {"layer/0": np.full(3, number, np.float32)}
        best = arrays if improved else {}
        training.save(make_history(losses[:number]), arrays, best)


def _weights(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*/weights_*.npz"))


def test_a_training_comes_back(tmp_path: Path) -> None:
    assert _open(tmp_path).history() == []
    _train(_open(tmp_path), [3.0, 1.0, 2.0])
    again = _open(tmp_path)
    assert again.history() == make_history([3.0, 1.0, 2.0])
    assert again.state()["layer/0"].tolist() == [3, 3, 3]
    assert again.best(2)["layer/0"].tolist() == [2, 2, 2]
    assert again.state()["layer/0"].dtype == np.float32


def test_a_diverged_history_comes_back(tmp_path: Path) -> None:
    _train(_open(tmp_path), [3.0, float("nan")])
    last = _open(tmp_path).history()[-1]
    assert not last.finite


def test_trainings_are_told_apart_by_what_decides_them(tmp_path: Path) -> None:
    store = TrainingsDataset(path=str(tmp_path)).load()
    _train(store.open(DECIDED, (9,)), [1.0])
    assert store.open({**DECIDED, "version": 2}, (9,)).history() == []
    assert store.open(dict(reversed(DECIDED.items())), ()).history() != []
    found = store.find(_open(tmp_path).key)
    assert found.history() == make_history([1.0])
    with pytest.raises(DataError, match=r"not there any more: run `kedro run --pipe"):
        store.find("0" * 64)


def test_superseded_weights_go_but_a_budgets_stay(tmp_path: Path) -> None:
    _train(_open(tmp_path, budgets=(3, 6)), [5.0, 4.0, 9.0, 3.0, 2.0, 9.0, 1.0, 0.5])
    assert _weights(tmp_path) == ["weights_2", "weights_5", "weights_8"]


def test_one_state_is_kept(tmp_path: Path) -> None:
    _train(_open(tmp_path), [3.0, 2.0, 1.0])
    assert [path.name for path in tmp_path.glob("*/state*")] == ["state_odd.npz"]


@pytest.mark.parametrize("fails", [1, 2, 3])
def test_a_power_cut_in_a_save_loses_that_epoch_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    _train(_open(tmp_path), [3.0, 2.0])
    _cut_power(monkeypatch, fails)
    with pytest.raises(KeyboardInterrupt):
        _train(_open(tmp_path), [3.0, 2.0, 1.0], begin=3)
    monkeypatch.undo()
    training = _open(tmp_path)
    assert training.history() == make_history([3.0, 2.0])
    assert training.state()["layer/0"].tolist() == [2, 2, 2]
    assert training.best(2)["layer/0"].tolist() == [2, 2, 2]


def _cut_power(monkeypatch: pytest.MonkeyPatch, fails: int) -> None:
    """Weights, state and history are written in turn; one of them is not written."""
    replace, writes = Path.replace, itertools.count(1)

    def cut(path: Path, target: Path) -> Path:
        if next(writes) == fails:
            raise KeyboardInterrupt
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", cut)


@pytest.mark.parametrize("name", ["weights_2.npz", "state_even.npz"])
def test_a_damaged_file_is_refused(tmp_path: Path, name: str) -> None:
    _train(_open(tmp_path), [3.0, 2.0])
    (path,) = tmp_path.glob(f"*/{name}")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    training = _open(tmp_path)
    with pytest.raises(DataError) as error:
        training.best(2) if name.startswith("weights") else training.state()
    assert str(path) in error.value.message
    assert "run the same command again" in error.value.message
    assert "\n" not in error.value.message


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    _train(_open(tmp_path), [3.0, 2.0])
    (path,) = tmp_path.glob("*/state_even.npz")
    path.unlink()
    with pytest.raises(DataError, match="damaged or missing"):
        _open(tmp_path).state()


@pytest.mark.parametrize("name", ["weights_2.npz", "state_even.npz", "history.json"])
@pytest.mark.parametrize("gone", [True, False])
def test_a_damaged_training_begins_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, gone: bool
) -> None:
    _train(_open(tmp_path), [3.0, 2.0])
    (path,) = tmp_path.glob(f"*/{name}")
    path.write_bytes(path.read_bytes()[:-5])
    if gone and name != "history.json":
        path.unlink()
    with _hold(tmp_path) as training:
        training.mend()
        assert training.history() == []
        _train(training, [3.0, 2.0])
    assert f"{path} is damaged, so that this training begins anew" in caplog.text
    (aside,) = tmp_path.glob("*.damaged")
    assert len(list(aside.iterdir())) == (3 if gone and "json" not in name else 4)
    with _hold(tmp_path) as training:
        training.mend()
        assert len(training.history()) == 2


def test_a_sound_training_is_left_alone(tmp_path: Path) -> None:
    _train(_open(tmp_path), [3.0, 2.0])
    with _hold(tmp_path) as training:
        training.mend()
        assert len(training.history()) == 2
    assert not list(tmp_path.glob("*.damaged"))


def test_two_never_work_on_one_training(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with _hold(tmp_path):
            order.append("second")

    with _hold(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.5)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_it_is_said_why_a_variant_is_trained_anew(tmp_path: Path) -> None:
    trainings = TrainingsDataset(path=str(tmp_path)).load()
    assert trainings.explain_new("freeze/a", DECIDED) == ""
    assert trainings.explain_new("freeze/a", DECIDED) == ""
    changed = {"recipe": {"learning_rate": 0.2}, "version": 1, "weights": "f" * 64}
    said = trainings.explain_new("freeze/a", changed)
    assert said == "recipe.learning_rate 0.1 -> 0.2, weights None -> ffffffffffff"
    assert trainings.explain_new("freeze/b", changed) == ""


def _hold(folder: Path) -> AbstractContextManager[Training]:
    trainings = TrainingsDataset(path=str(folder)).load()
    return trainings.hold(DECIDED, (9,), "freeze/top_10")


def _evaluate(training: Training, epoch: int | None, save_model: Any) -> None:
    figures = Figures(accuracy=0.5, loss=float("nan"), photographs=4)
    table = pd.DataFrame({"photo_id": ["a"]})
    evaluation = {"figures": {"test": figures}, "trained_weights": 3}
    training.keep_evaluation(epoch, evaluation, table, save_model)


@pytest.mark.parametrize("epoch", [3, None])
def test_an_evaluation_comes_back(tmp_path: Path, epoch: int | None) -> None:
    training = _open(tmp_path)
    assert training.evaluation(epoch) is None
    _evaluate(training, epoch, lambda path: path.write_bytes(b"model"))
    found = _open(tmp_path).evaluation(epoch)
    figures = Figures.model_validate(found["figures"]["test"])
    assert figures.accuracy == 0.5
    assert np.isnan(figures.loss)
    assert training.predictions(epoch)["photo_id"].tolist() == ["a"]
    assert training.model_path(epoch).read_bytes() == b"model"


@pytest.mark.parametrize(
    "name", ["model_3.keras", "predictions_3.parquet", "evaluation_3.json"]
)
def test_a_damaged_evaluation_does_not_count(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    _evaluate(_open(tmp_path), 3, lambda path: path.write_bytes(b"model"))
    (path,) = tmp_path.glob(f"*/{name}")
    path.write_bytes(path.read_bytes()[:-1])
    assert _open(tmp_path).evaluation(3) is None
    assert f"{path} is damaged" in caplog.text
    _evaluate(_open(tmp_path), 3, lambda path: path.write_bytes(b"model"))
    assert _open(tmp_path).evaluation(3)


def test_an_interrupted_evaluation_does_not_count(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _evaluate(_open(tmp_path), 3, fail)
    assert _open(tmp_path).evaluation(3) is None
    assert not _open(tmp_path).model_path(3).exists()
