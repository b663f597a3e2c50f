from pathlib import Path

import keras
import numpy as np
import pytest

from kigezi.learning.explaining import class_activation_maps
from tests.conftest import make_model, make_recipe


@pytest.fixture
def bright_is_light(tmp_path: Path) -> Path:
    """A model whose first map is the brightness, which speaks for class 1 only."""
    model = make_model(make_recipe(), 32, 2, None)
    kernel = np.zeros((3, 3, 3, 4), np.float32)
    kernel[..., 0] = 1 / 27
    model.get_layer("convolution").set_weights([kernel])
    model.get_layer("normalization").beta.assign([1.0, 0, 0, 0])
    head = np.zeros((4, 2), np.float32)
    head[0] = [-1, 1]
    model.get_layer("probabilities").set_weights([head, np.zeros(2)])
    model.save(tmp_path / "model.keras")
    return tmp_path / "model.keras"


def test_what_speaks_for_a_class_is_bright(bright_is_light: Path) -> None:
    pixels = np.zeros((2, 32, 32, 3), np.uint8)
    pixels[:, :16] = 255
    light, dark = class_activation_maps(bright_is_light, pixels, np.array([1, 0]))
    assert light.shape == (32, 32)
    assert (light.max(), light.min()) == (1, 0)
    assert light[:12].min() > 0.8
    assert light[20:].max() < 0.2
    assert (dark == 0).all()  # nothing speaks for it anywhere


def test_it_is_the_gradient_of_the_score(bright_is_light: Path) -> None:
    tensorflow = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("the gradient is taken with TensorFlow")
    pixels = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), np.uint8)
    model = keras.models.load_model(bright_is_light, compile=False)
    model.get_layer("probabilities").activation = keras.activations.linear
    outputs = [model.get_layer("features").input, model.output]
    with tensorflow.GradientTape() as tape:
        maps, scores = keras.Model(model.input, outputs)(pixels)
        score = scores[:, 1]
    weights = tensorflow.reduce_mean(tape.gradient(score, maps), axis=(1, 2))
    expected = tensorflow.nn.relu((maps * weights[:, None, None, :]).numpy().sum(-1))
    found = class_activation_maps(bright_is_light, pixels, np.array([1]))[0]
    large = keras.ops.image.resize(expected[..., None], (32, 32), "bicubic")
    large = keras.ops.convert_to_numpy(large)[0, ..., 0].clip(0)
    assert found == pytest.approx(large / large.max(), abs=1e-4)
