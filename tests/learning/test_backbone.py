from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest

from kigezi.datasets.weights import BackboneWeights
from kigezi.errors import DataError
from kigezi.learning.backbone import (
    backbone_layers,
    build_model,
    calibrate,
    calibration_images,
    export_backbone,
    start_again,
    trained_weights,
)
from kigezi.schemas import BACKBONE_LAYERS
from tests.conftest import make_examples, make_recipe

BatchNormalization = keras.layers.BatchNormalization
IMAGES = make_examples().images[:8]


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return build_model(make_recipe(), 32, 2, weights=None)


def test_the_model_is_flat_and_counts_154_layers(model: keras.Model) -> None:
    assert len(backbone_layers(model)) == BACKBONE_LAYERS - 1
    without_top = keras.applications.MobileNetV2(
        input_shape=(32, 32, 3), alpha=0.35, include_top=False, weights=None
    )
    assert len(without_top.layers) == BACKBONE_LAYERS
    names = [layer.name for layer in without_top.layers[1:]]
    assert [layer.name for layer in backbone_layers(model)] == names
    assert not any(isinstance(layer, keras.Model) for layer in model.layers)


def test_top_layers_are_counted_from_the_top_of_the_backbone() -> None:
    opened = build_model(make_recipe(unfreeze=20, batch_norm="train"), 32, 2, None)
    layers = backbone_layers(opened)
    assert [layer.trainable for layer in layers] == [False] * 133 + [True] * 20


def test_everything_may_be_opened_by_number_or_word() -> None:
    counts = {
        trained_weights(build_model(make_recipe(unfreeze=depth), 32, 2, None))
        for depth in ("all", BACKBONE_LAYERS)
    }
    assert len(counts) == 1


def test_bundled_weights_load_and_answer_otherwise_than_random_ones() -> None:
    recipe = make_recipe(weights="bundled")
    path = BackboneWeights(Path()).find(recipe).path
    loaded = build_model(recipe, 96, 2, path)
    random = build_model(recipe, 96, 2, None)
    kernels = [m.get_layer("Conv_1").get_weights()[0] for m in (loaded, random)]
    assert not np.array_equal(*kernels)
    np.testing.assert_array_equal(kernels[0], kernels[0].astype(np.float16))


@pytest.mark.parametrize("weights", ["bundled", "random"])
def test_a_trained_model_can_start_again_as_another(weights: str) -> None:
    path = BackboneWeights(Path()).find(make_recipe(weights=weights)).path
    used, recipe = build_model(make_recipe(seed=1), 96, 2, None), make_recipe(seed=2)
    used.set_weights([weight + 1 for weight in used.get_weights()])
    start_again(used, recipe, path)
    fresh = build_model(recipe, 96, 2, path)
    for one, other in zip(used.get_weights(), fresh.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_the_head_and_all_weights_are_in_full_precision(precision: str) -> None:
    built = build_model(make_recipe(precision=precision), 32, 2, None)
    names = {
        layer.dtype_policy.name for layer in backbone_layers(built) if layer.weights
    }
    assert names == {precision}
    assert {weight.dtype for weight in built.weights[:-2]} == {"float32"}
    assert built.output.dtype == built.get_layer("features").output.dtype == "float32"
    assert keras.config.dtype_policy().name == "float32"


def test_weights_that_do_not_fit_into_half_precision_are_refused(
    tmp_path: Path,
) -> None:
    model = build_model(make_recipe(), 32, 2, None)
    kernel = model.get_layer("Conv_1").get_weights()[0]
    model.get_layer("Conv_1").set_weights([kernel * 1e9])
    model.save(tmp_path / "model.keras")
    with pytest.raises(DataError, match=r"layer Conv_1 .* do not fit into float16"):
        export_backbone(tmp_path / "model.keras", 0.35)


def test_an_exported_backbone_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    model = build_model(make_recipe(), 32, 2, None)
    model.save(tmp_path / "model.keras")
    first = export_backbone(tmp_path / "model.keras", 0.35)
    assert export_backbone(tmp_path / "model.keras", 0.35) == first
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("momentum", [0.999, 0.9])
def test_momentum_is_the_recipes(momentum: float) -> None:
    opened = build_model(make_recipe(batch_norm_momentum=momentum), 32, 2, None)
    assert opened.get_layer("bn_Conv1").momentum == momentum


def test_scaling_is_part_of_the_model_and_as_in_training(model: keras.Model) -> None:
    pixels = np.arange(256, dtype=np.uint8).repeat(12)[: 32 * 32 * 3]
    image = pixels.reshape(1, 32, 32, 3)
    scaled = model.get_layer("scale")(image)
    expected = keras.applications.mobilenet_v2.preprocess_input(image.astype("float32"))
    np.testing.assert_allclose(scaled, expected, atol=1e-6)
    assert model.input.dtype == "uint8"


def test_head_only_trains_the_dense_layer(model: keras.Model) -> None:
    assert trained_weights(model) == 1280 * 2 + 2


def test_the_seed_decides_all_weights(model: keras.Model) -> None:
    again = build_model(make_recipe(), 32, 2, weights=None)
    other = build_model(make_recipe(seed=8), 32, 2, weights=None)
    assert all(map(np.array_equal, again.get_weights(), model.get_weights()))
    assert not np.array_equal(again.get_weights()[0], other.get_weights()[0])
    assert not np.array_equal(again.get_weights()[-2], other.get_weights()[-2])


def test_dropout_acts_while_training_only(model: keras.Model) -> None:
    layer = model.get_layer("dropout")
    ones = np.ones((1, 1000), np.float32)
    assert layer.rate == 0.3
    assert 0.6 < np.count_nonzero(layer(ones, training=True)) / 1000 < 0.8
    np.testing.assert_array_equal(layer(ones, training=False), ones)


@pytest.mark.parametrize(
    ("size", "alpha", "images"),
    [(32, 1.0, 256), (96, 0.35, 256), (96, 1.0, 89), (224, 1.0, 16), (1024, 1.4, 2)],
)
def test_calibration_takes_fewer_large_images(
    size: int, alpha: float, images: int
) -> None:
    """With 256 of 224 px it took 20 GB."""
    assert calibration_images(size, alpha) == images


def test_calibration_gives_a_signal_and_leaves_flags_alone() -> None:
    model = build_model(make_recipe(unfreeze=20, batch_norm="train"), 32, 2, None)
    before = [layer.trainable for layer in model.layers]
    features = keras.Model(model.input, model.get_layer("features").output)
    silent = np.std(features(IMAGES, training=False))
    calibrate(model, IMAGES)
    heard = np.std(features(IMAGES, training=False))
    assert silent < 1e-3 < 0.1 < heard < 10
    assert [layer.trainable for layer in model.layers] == before
    momenta = {layer.momentum for layer in _normalizations(model)}
    assert momenta == {0.999}


@pytest.mark.parametrize(
    ("unfreeze", "batch_norm", "opened"),
    [
        ("none", "frozen", 0),
        ("none", "train", 0),
        (10, "frozen", 10),
        (10, "train", 10),
        (20, "train", 20),
        ("all", "frozen", 153),
        ("all", "train", 153),
    ],
)
def test_exactly_the_opened_layers_move(
    unfreeze: Any, batch_norm: str, opened: int
) -> None:
    recipe = make_recipe(unfreeze=unfreeze, batch_norm=batch_norm, learning_rate=0.1)
    model = build_model(recipe, 32, 2, weights=None)
    calibrate(model, IMAGES)
    before = _copies(model)
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    model.fit(IMAGES, np.arange(8) % 2, batch_size=4, epochs=1, verbose=0)
    layers = backbone_layers(model)
    expected = {
        f"{layer.name}/{weight.name}"
        for layer in layers[len(layers) - opened :]
        for weight in layer.weights
        if batch_norm == "train" or not isinstance(layer, BatchNormalization)
    }
    after = _copies(model)
    moved = {name for name in before if not np.array_equal(before[name], after[name])}
    assert moved - {"probabilities/kernel", "probabilities/bias"} == expected
    assert "probabilities/kernel" in moved


def _normalizations(model: keras.Model) -> list[Any]:
    return [layer for layer in model.layers if isinstance(layer, BatchNormalization)]


def _copies(model: keras.Model) -> dict[str, npt.NDArray[np.generic]]:
    return {
        f"{layer.name}/{weight.name}": np.array(weight)
        for layer in model.layers
        for weight in layer.weights
        if layer.name != "dropout"
    }
