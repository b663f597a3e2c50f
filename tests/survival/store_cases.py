"""Sweeps of what tune writes, driven without TensorFlow."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kigezi.datasets.aside import sha256_of
from kigezi.datasets.model_inputs import ModelInputsDataset
from kigezi.datasets.records import ModelFileDataset, TrialDataset
from kigezi.datasets.training_folder import Training
from kigezi.datasets.trainings import TrainingsDataset
from kigezi.records import Figures
from tests.conftest import make_history, make_trial
from tests.survival.case import Case, sums_of

EPOCHS = [3.0, 1.0, 2.0, 0.5]
"""validation losses"""
DIGEST = "0" * 64


def _array(root: Path) -> list[int]:
    store = ModelInputsDataset(path=str(root / "data"), gigabytes=1).load()
    values = np.arange(3000).reshape(30, 100)

    def fill(array: np.ndarray) -> None:
        array[:] = values

    return store.get_or_make(DIGEST, values.shape, fill, values.dtype)[:, 7].tolist()


def _look_at_array(root: Path) -> dict[str, Any]:
    sums = (root / "data").glob("*.sha256")
    arrays = {path: path.with_suffix(".npy") for path in sums}
    return {
        array.name: np.load(array).tolist()
        for path, array in arrays.items()
        if array.is_file() and sha256_of(array) == path.read_text()
    }


def _train(root: Path) -> None:
    trainings = TrainingsDataset(path=str(root / "data")).load()
    with trainings.hold({"v": 1}, (2, 4), "freeze/one") as training:
        if training.evaluation(4) is not None:
            return
        training.mend()
        with training.counting_kills():
            _train_and_evaluate(training)


def _train_and_evaluate(training: Training) -> None:
    for number in range(len(training.history()) + 1, len(EPOCHS) + 1):
        arrays = {"layer/0": np.full(300, number, np.float32)}
        improved = EPOCHS[number - 1] < min(EPOCHS[: number - 1], default=np.inf)
        training.save(make_history(EPOCHS[:number]), arrays, arrays if improved else {})
    figures = {"test": Figures(accuracy=0.5, loss=1, photographs=4)}
    table = pd.DataFrame({"photo_id": ["a"]})
    evaluation = {"figures": figures, "trained_weights": 3}
    training.keep_evaluation(4, evaluation, table, lambda to: to.write_bytes(b"model"))


def _look_at_training(root: Path) -> dict[str, Any]:
    if not list((root / "data").glob("[!.]*/history.json")):
        return {}
    training = TrainingsDataset(path=str(root / "data")).load().open({"v": 1}, (2, 4))
    history = training.history()
    assert history == make_history(EPOCHS[: len(history)])
    assert set(training.state()["layer/0"]) == {len(history)}
    best = [number for number in range(1, len(history) + 1) if training.keeps(number)]
    for number in best:
        assert set(training.best(number)["layer/0"]) == {number}
    assert int(np.argmin(EPOCHS[: len(history)])) + 1 in best
    evaluation = training.evaluation(4)
    if evaluation is None:
        return {}
    return {
        "evaluation": evaluation,
        "predictions": training.predictions(4).to_dict("list"),
        "model": training.model_path(4).read_text(),
        "best": best,
        "files": sorted(path.name for path in training.folder.glob("*.npz")),
    }


def _save_trial(root: Path, accuracy: float) -> None:
    TrialDataset(path=str(root / "data" / "trial")).save(make_trial("one", accuracy))


def _look_at_trial(root: Path) -> dict[str, Any]:
    stored = TrialDataset(path=str(root / "data" / "trial"))
    if not stored.exists():
        return {}
    trial = stored.load()
    assert len(trial.predictions) == 4
    return {"trial": trial.result.model_dump(mode="json")}


def _model_file(root: Path) -> ModelFileDataset:
    return ModelFileDataset(filepath=str(root / "data" / "final_model.keras"))


def _look_at_model(root: Path) -> dict[str, Any]:
    return sums_of(root / "data") if _model_file(root).exists() else {}


STORE_CASES = {
    "arrays": Case(lambda _: None, _array, _look_at_array),
    "train": Case(lambda _: None, _train, _look_at_training),
    "trial": Case(
        lambda root: _save_trial(root, 0.4),
        lambda root: _save_trial(root, 0.6),
        _look_at_trial,
    ),
    "model": Case(
        lambda root: _model_file(root).save(b"old" * 999),
        lambda root: _model_file(root).save(b"new" * 999),
        _look_at_model,
    ),
}
