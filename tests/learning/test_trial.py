import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kigezi.datasets.model_inputs import ModelInputs
from kigezi.datasets.trainings import Training, Trainings
from kigezi.learning import finished, training
from kigezi.learning import trial as module
from kigezi.learning.environment import describe_environment
from kigezi.learning.examples import Examples
from kigezi.learning.finished import keras_backend, training_key
from kigezi.learning.trial import run_trial
from kigezi.processor import MATH_VARIABLE
from kigezi.records import SPLITS, Epoch, Figures, Trial
from kigezi.schemas import Recipe
from tests.conftest import make_assignment, make_examples, make_recipe, make_result

EXAMPLES = make_examples(train=10)
OPENED = {"unfreeze": "all", "batch_norm": "train"}


def _open(folder: Path, recipe: Recipe, budgets: tuple[int, ...] = ()) -> Training:
    key = training_key(recipe, EXAMPLES.digest, recipe.weights)
    return Trainings(folder).open(key, budgets)


def _run(folder: Path, **changes: Any) -> tuple[Trial, list[Epoch]]:
    epochs: list[Epoch] = []
    recipe = _recipe(**changes)
    assignment = make_assignment().model_copy(update={"recipe": recipe})
    store = _open(folder, recipe)
    arrays = ModelInputs(folder / "arrays", limit=1e9)
    trial = run_trial(assignment, EXAMPLES, None, store, arrays, epochs.append)
    return trial, epochs


def _recipe(**changes: Any) -> Recipe:
    """Also recipes that the schema refuses."""
    return make_recipe().model_copy(update={**OPENED, **changes})


def test_a_trial_of_the_real_network(tmp_path: Path) -> None:
    trial, epochs = _run(tmp_path, unfreeze=10, batch_norm="frozen")
    result = trial.result
    assert list(result.history) == epochs
    assert len(epochs) == 2
    for split in SPLITS:
        assert math.isfinite(getattr(result, split).loss)
    assert (result.train.photographs, result.test.photographs) == (10, 4)
    # block_16_depthwise, block_16_project, Conv_1 and the dense layer.
    convolutions = 336 * 9 + 336 * 112 + 112 * 1280
    assert result.trained_weights == convolutions + 1280 * 2 + 2
    assert trial.predictions["correct"].mean() == result.test.accuracy
    assert result.environment["threads"] == "1"
    assert result.environment["onednn"] == "1"


@pytest.mark.usefixtures("small_network")
def test_nothing_is_trained_or_built_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = _run(tmp_path)
    monkeypatch.setattr(module, "Network", None)
    again, epochs = _run(tmp_path)
    assert epochs == []
    assert again.result == first.result
    assert again.predictions.equals(first.predictions)


@pytest.mark.usefixtures("small_network")
def test_equal_recipes_share_a_training(tmp_path: Path) -> None:
    _run(tmp_path)
    longer, epochs = _run(tmp_path, epochs=3, patience=9)
    assert [epoch.epoch for epoch in epochs] == [3]
    assert len(longer.result.history) == 3
    assert len(list(tmp_path.iterdir())) == 1
    _run(tmp_path, learning_rate=0.5)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.usefixtures("small_network")
def test_a_shorter_budget_counts_only_its_epochs(tmp_path: Path) -> None:
    short, _ = _run(tmp_path)
    _run(tmp_path, epochs=4)
    again, epochs = _run(tmp_path)
    assert epochs == []
    assert again.result == short.result
    assert again.result.summary == "all 2 epochs"


@pytest.mark.usefixtures("small_network")
def test_figures_are_of_the_best_weights(tmp_path: Path) -> None:
    trial, epochs = _run(tmp_path, learning_rate=2.0, epochs=4, optimizer="sgd")
    result = trial.result
    losses = [epoch.validation_loss for epoch in epochs]
    assert result.best_epoch == int(np.argmin(losses)) + 1 < 4
    assert result.validation.loss == pytest.approx(min(losses))


@pytest.mark.usefixtures("small_network")
def test_patience_is_said(tmp_path: Path) -> None:
    trial, _ = _run(tmp_path, learning_rate=2.0, epochs=9, patience=1, optimizer="sgd")
    assert trial.result.status == "stopped"
    last = trial.result.history[-1].epoch
    assert trial.result.summary == f"stopped at epoch {last}"
    assert last == trial.result.best_epoch + 1 < 9


@pytest.mark.usefixtures("small_network")
@pytest.mark.parametrize("rate", [math.nan, 1e38])
def test_a_training_that_blows_up(tmp_path: Path, rate: float) -> None:
    changes = {"learning_rate": rate, "optimizer": "sgd", "epochs": 5}
    trial, epochs = _run(tmp_path, **changes)
    assert trial.result.status == "diverged"
    assert trial.result.summary == "diverged at epoch 1"
    assert trial.result.best_epoch is None
    assert not trial.result.eligible
    assert set(trial.predictions["predicted"]) == {"(no answer)"}
    again, epochs = _run(tmp_path, **changes)
    assert epochs == []
    assert again.result.model_dump_json() == trial.result.model_dump_json()


@pytest.mark.usefixtures("small_network")
def test_a_blown_up_training_that_was_interrupted(tmp_path: Path) -> None:
    _run(tmp_path, learning_rate=math.nan)
    for path in tmp_path.glob("*/evaluation_None.json"):
        path.unlink()
    trial, epochs = _run(tmp_path, learning_rate=math.nan)
    assert epochs == []
    assert not math.isfinite(trial.result.validation.loss)


@pytest.mark.usefixtures("small_network")
@pytest.mark.parametrize("shorter", [{"epochs": 2}, {"patience": 1}])
def test_a_smaller_budget_that_was_not_planned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shorter: dict[str, int]
) -> None:
    def run(folder: str, **changes: int) -> Figures:
        # The second epoch is the best of the shorter training, the last one of all.
        losses = iter([3.0, 1.0, 2.0, 0.5])
        measured = make_result("a", 0.5).validation

        def measure(*_: object) -> Figures:
            return measured.model_copy(update={"loss": next(losses)})

        monkeypatch.setattr(training, "measure", measure)
        return _run(tmp_path / folder, **changes)[0].result.validation

    longer = {"epochs": 4, "patience": 9}
    alone = run("alone", **{**longer, **shorter})
    all_epochs = run("all", **longer)
    assert run("all", **{**longer, **shorter}) == alone != all_epochs
    assert run("all", **longer) == all_epochs


@pytest.mark.usefixtures("small_network")
def test_the_whole_model_is_kept_without_optimizer(tmp_path: Path) -> None:
    import keras

    trial, _ = _run(tmp_path)
    path = _open(tmp_path, _recipe()).model_path(trial.result.best_epoch)
    model = keras.models.load_model(path)
    assert getattr(model, "optimizer", None) is None
    rows = EXAMPLES.rows("test", all_copies=False)
    answers = model.predict(EXAMPLES.images[rows], verbose=0)
    expected = trial.predictions[["probability_dark", "probability_light"]]
    np.testing.assert_allclose(answers, expected, rtol=1e-5)


def test_the_key_leaves_epochs_and_patience_out() -> None:
    key = training_key(make_recipe(), "data", "weights")
    assert training_key(make_recipe(epochs=9, patience=1), "data", "weights") == key


OTHER = {
    "unfreeze": 10,
    "learning_rate": 0.5,
    "batch_size": 8,
    "optimizer": "sgd",
    "dropout": 0.1,
    "batch_norm": "frozen",
    "learning_rate_decay": 0.9,
    "batch_norm_momentum": 0.9,
    "alpha": 0.5,
    "precision": "mixed_bfloat16",
    "seed": 8,
}


@pytest.mark.parametrize("field", sorted(OTHER))
def test_the_key_depends_on_every_other_field(field: str) -> None:
    base = {"unfreeze": 20, "batch_norm": "train", "alpha": 0.35}
    key = training_key(make_recipe(**base), "data", "weights")
    changed = make_recipe(**{**base, field: OTHER[field]})
    assert training_key(changed, "data", "weights") != key


def test_the_key_depends_on_data_weights_backend_and_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe = make_recipe()
    assert set(OTHER) == set(Recipe.model_fields) - {"epochs", "patience", "weights"}
    keys = [
        training_key(recipe, *ends) for ends in (("d", "w"), ("e", "w"), ("d", "x"))
    ]
    monkeypatch.setattr(finished, "TRAINING_VERSION", 99)
    keys.append(training_key(recipe, "d", "w"))
    assert len({str(key) for key in keys}) == 4
    assert {"backend", "precision"} <= set(keys[0])


def test_trainings_with_shortened_math_are_kept_apart_and_say_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exact = training_key(make_recipe(), "d", "w")
    assert "math" not in {**exact, **describe_environment()}
    monkeypatch.setenv(MATH_VARIABLE, "BF16")
    assert training_key(make_recipe(), "d", "w") == {**exact, "math": "BF16"}
    assert describe_environment()["math"] == "BF16"


def test_what_frozen_layers_would_do_is_not_in_the_key() -> None:
    one, other = make_recipe(), make_recipe(batch_norm_momentum=0.5)
    assert training_key(one, "d", "w") == training_key(other, "d", "w")


def test_the_backend_is_the_one_that_keras_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    assert keras_backend() == keras.backend.backend()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    assert keras_backend() == "tensorflow"
    (tmp_path / "keras.json").write_text(json.dumps({"backend": "torch"}))
    assert keras_backend() == "torch"
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    assert keras_backend() == "jax"


def test_fields_that_came_later_keep_the_keys_of_before() -> None:
    recipe = training_key(make_recipe(), "d", "w")["recipe"]
    assert isinstance(recipe, dict)
    later = {"learning_rate_decay", "batch_norm_momentum", "precision"}
    assert not later & set(recipe)


def test_the_key_is_of_weights_not_of_their_path() -> None:
    one, other = make_recipe(weights="a.h5"), make_recipe(weights="b.h5")
    assert training_key(one, "d", "w") == training_key(other, "d", "w")


def test_examples_may_be_mapped_from_a_file(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", EXAMPLES.images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    examples = Examples(**{**vars(EXAMPLES), "images": mapped})
    assert examples.images[examples.rows("test", all_copies=False)].shape[0] == 4
