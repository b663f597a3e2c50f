from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest

from kigezi.datasets.weights import BUNDLED
from kigezi.learning.backbone import build_model, calibrate
from kigezi.learning.folding import FoldedConvolution, fold
from kigezi.learning.training import compile_for
from tests.conftest import make_recipe


def _images(size: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (16, size, size, 3), np.uint8)


def _model(size: int = 32, **changes: Any) -> keras.Model:
    model = build_model(make_recipe(**changes), size, 3, None)
    calibrate(model, _images(size))
    return model


@pytest.fixture(scope="module")
def usual() -> keras.Model:
    """A model that nobody may change."""
    return _model()


def _kinds(model: keras.Model) -> set[type]:
    return {type(layer) for layer in model.layers}


# `same` pads even and odd sides unlike: 33 meets both on its way down, 47 odd ones.
@pytest.mark.parametrize("size", [32, 33, 47])
def test_it_answers_the_same(size: int, usual: keras.Model) -> None:
    model = usual if size == 32 else _model(size)
    folded = fold(model)
    layers = keras.layers
    assert not _kinds(folded) & {layers.BatchNormalization, layers.ZeroPadding2D}
    plain, ours = (one.predict(_images(size), verbose=0) for one in (model, folded))
    np.testing.assert_allclose(ours, plain, atol=1e-4)
    assert plain.std() > 0.05


@pytest.mark.parametrize("unfreeze", [20, "all"])
def test_it_learns_the_same_but_for_rounding(unfreeze: Any) -> None:
    # Single precision would round differently, and training multiplies that.
    recipe = make_recipe(unfreeze=unfreeze, optimizer="sgd", dropout=0.0)
    recipe = recipe.model_copy(update={"precision": "float64"})
    learned = []
    for change in (lambda model: model, fold):
        model = build_model(recipe, 32, 3, Path(str(BUNDLED)))
        before = [weight.numpy() for weight in model.trainable_weights]
        trained = change(model)
        compile_for(trained, recipe)
        for _ in range(3):
            trained.train_on_batch(_images(32), np.arange(16) % 3)
        after = [weight.numpy() for weight in model.trainable_weights]
        learned.append([new - old for new, old in zip(after, before, strict=True)])
    for plain, ours in zip(*learned, strict=True):
        largest = np.abs(plain).max()
        assert largest > 0
        np.testing.assert_allclose(ours, plain, atol=1e-6 * largest)


def test_it_has_the_variables_of_the_model_in_their_order() -> None:
    # What an optimizer remembers is stored by number.
    model = _model(unfreeze=20)
    folded = fold(model)
    assert [id(weight) for weight in folded.trainable_variables] == [
        id(weight) for weight in model.trainable_variables
    ]
    assert {weight.path for weight in folded.weights} == {
        weight.path for weight in model.weights
    }


def test_trained_normalization_stays_a_layer() -> None:
    model = _model(unfreeze=20, batch_norm="train")
    trained = [
        layer.name
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
    ]
    stayed = [
        layer.name
        for layer in fold(model).layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    assert stayed == trained != []


def test_a_part_of_a_model_is_folded(usual: keras.Model) -> None:
    middle = usual.get_layer("block_14_add").output
    below, above = keras.Model(usual.input, middle), keras.Model(middle, usual.output)
    seen = fold(below).predict(_images(32), verbose=0)
    np.testing.assert_allclose(
        fold(above).predict(seen, verbose=0),
        usual.predict(_images(32), verbose=0),
        atol=1e-4,
    )


def test_a_bias_is_not_lost() -> None:
    image = keras.Input((8, 8, 3))
    convolution = keras.layers.Conv2D(4, 3, bias_initializer="ones")
    normalization = keras.layers.BatchNormalization(trainable=False)
    model = keras.Model(image, normalization(convolution(image)))
    assert FoldedConvolution not in _kinds(fold(model))


def test_half_precision_is_kept_and_a_large_variance_survives_it() -> None:
    model = _model(precision="mixed_float16")
    first = model.get_layer("bn_Conv1")
    first.moving_variance.assign(np.full(first.moving_variance.shape, 1e6))
    folded = fold(model)
    assert folded.get_layer("bn_Conv1").compute_dtype == "float16"
    outputs = [
        keras.Model(one.input, one.get_layer("bn_Conv1").output)
        for one in (model, folded)
    ]
    plain, ours = (one.predict(_images(32), verbose=0) for one in outputs)
    assert ours.dtype == np.float16
    np.testing.assert_allclose(ours, plain, atol=1e-2)
    assert np.isfinite(ours).all()
