from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kigezi.datasets.model_inputs import ModelInputs
from kigezi.learning import network as module
from kigezi.learning.network import Network
from kigezi.learning.training import Arrays, train
from tests.conftest import make_examples, make_recipe
from tests.learning.test_training import Memory

EXAMPLES = make_examples(train=10)
VARIANTS: list[dict[str, Any]] = [
    {"learning_rate": 0.01},
    {"batch_size": 5},
    {"seed": 3},
    {"learning_rate": 0.5, "batch_size": 2, "seed": 4},
    {"learning_rate_decay": 0.5},
]


def _train(folder: Path, **changes: Any) -> Arrays:
    recipe = make_recipe(**{"unfreeze": 10, **changes})
    network = Network.begin(recipe, EXAMPLES, None)
    seen = network.seen(EXAMPLES, ModelInputs(folder, 1e9))
    memory = Memory()
    train(network.part, recipe, seen, memory, lambda _: None, network.whole)
    return memory.last


@pytest.mark.usefixtures("small_network")
def test_the_scale_of_a_float16_loss_starts_again() -> None:
    recipe = make_recipe(precision="mixed_float16")
    optimizer = Network.begin(recipe, EXAMPLES, None).part.optimizer
    first = [variable.numpy() for variable in optimizer.variables]
    assert float(optimizer.dynamic_scale) == optimizer.initial_scale > 1
    for variable in optimizer.variables:
        variable.assign(variable.numpy() + 1)
    again = Network.begin(recipe, EXAMPLES, None).part.optimizer
    assert again is optimizer
    for variable, array in zip(again.variables, first, strict=True):
        np.testing.assert_array_equal(variable.numpy(), array)


@pytest.mark.usefixtures("small_network")
@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "sgd"])
def test_the_last_of_many_variants_learns_the_same_bits_as_alone(
    tmp_path: Path, optimizer: str
) -> None:
    alone = _train(tmp_path, optimizer=optimizer)
    before = module._compiled.cache_info()
    for changes in VARIANTS:
        _train(tmp_path, optimizer=optimizer, **changes)
    again = _train(tmp_path, optimizer=optimizer)
    after = module._compiled.cache_info()
    assert (after.misses - before.misses, after.hits - before.hits) == (0, 6)
    assert again.keys() == alone.keys()
    for name, array in alone.items():
        assert array.tobytes() == again[name].tobytes(), name


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="others don't trace"
)
@pytest.mark.usefixtures("small_network")
def test_every_function_is_traced_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced = []
    for name in ("train_step", "predict_step"):
        step = getattr(keras.Model, name)

        def traces(self: Any, data: Any, step: Any = step, name: str = name) -> Any:
            traced.append(name)
            return step(self, data)

        monkeypatch.setattr(keras.Model, name, traces)
    for batch_size in (4, 5):  # of 10 images, the first with a shorter last batch
        _train(tmp_path, unfreeze="all", batch_size=batch_size)
    assert traced == ["train_step", "predict_step"]


@pytest.mark.usefixtures("small_network")
def test_a_winner_goes_on_with_the_network_of_its_stage(tmp_path: Path) -> None:
    def stage() -> list[Arrays]:
        depths = ("all", "none", 10, 20)
        return [_train(tmp_path / "arrays", unfreeze=depth) for depth in depths]

    alone = stage()
    before = module._compiled.cache_info()
    for first, again in zip(alone, stage(), strict=True):
        assert first.keys() == again.keys()
        for name, array in first.items():
            assert array.tobytes() == again[name].tobytes(), name
    assert module._compiled.cache_info().misses == before.misses
    _train(tmp_path / "arrays", optimizer="sgd")
    _train(tmp_path / "arrays", unfreeze="all")
    assert module._compiled.cache_info().misses == before.misses + 2
    assert module._compiled.cache_info().currsize == 4


def test_the_real_network_learns_the_same_bits_after_another_variant(
    tmp_path: Path,
) -> None:
    alone = _train(tmp_path)
    _train(tmp_path, learning_rate=0.5, batch_size=2, seed=4)
    again = _train(tmp_path)
    assert all(
        array.tobytes() == again[name].tobytes() for name, array in alone.items()
    )


@pytest.mark.usefixtures("small_network")
@pytest.mark.parametrize(
    "changes",
    [
        {"unfreeze": 20},
        {"optimizer": "sgd"},
        {"dropout": 0.1},
        {"batch_norm": "train"},
        {"batch_norm_momentum": 0.9},
        {"alpha": 0.5},
        {"precision": "mixed_bfloat16"},
    ],
)
def test_another_graph_is_another_network(changes: dict[str, Any]) -> None:
    first = Network.begin(make_recipe(unfreeze=10), EXAMPLES, None)
    other = Network.begin(make_recipe(**{"unfreeze": 10, **changes}), EXAMPLES, None)
    assert other.whole is not first.whole


@pytest.mark.usefixtures("small_network")
def test_the_first_weights_are_the_recipes() -> None:
    kernels = {}
    for seed in (1, 2, 1):
        network = Network.begin(make_recipe(seed=seed), EXAMPLES, None)
        layers = ("convolution", "probabilities")
        now = [network.whole.get_layer(name).get_weights()[0] for name in layers]
        for new, old in zip(now, kernels.setdefault(seed, now), strict=True):
            np.testing.assert_array_equal(new, old)
    for one, two in zip(kernels[1], kernels[2], strict=True):
        assert not np.array_equal(one, two)


@pytest.mark.usefixtures("small_network")
def test_random_weights_are_calibrated() -> None:
    network = Network.begin(make_recipe(), EXAMPLES, None)
    normalization = network.whole.get_layer("normalization")
    maps = keras.Model(network.whole.input, normalization.output)
    seen = maps.predict(EXAMPLES.images, verbose=0)
    np.testing.assert_allclose(seen.mean((0, 1, 2)), 0, atol=0.2)
    np.testing.assert_allclose(seen.std((0, 1, 2)), 1, atol=0.2)
