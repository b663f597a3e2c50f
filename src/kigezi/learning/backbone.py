"""MobileNetV2 with a new head, and which of its layers are trained.

Transfer learning after https://keras.io/guides/transfer_learning/, but for one trap:
Keras 3 ignores `base(x, training=False)` inside `fit`, so that only
`layer.trainable = False` keeps a BatchNormalization layer in inference mode
(https://github.com/keras-team/keras/issues/20285).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
import numpy.typing as npt

from kigezi.errors import DataError
from kigezi.schemas import Recipe

_CALIBRATION_PIXELS = 256 * 96 * 96 * 0.35
"""pixels times alpha that set the batch normalization of random weights

That is 256 images of 96 px at alpha 0.35, or 16 of 224 px at alpha 1.0, whose outputs
of all layers take 1.5 GB.
"""


def build_model(
    recipe: Recipe, size: int, classes: int, weights: Path | None
) -> keras.Model:
    """A flat model from uint8 pixels to class probabilities.

    Args:
        recipe: What is trained; its layers are opened and frozen accordingly.
        size: Side of the square RGB image in pixels.
        classes: How many classes there are.
        weights: File with the backbone's weights, or none for random ones.

    Returns:
        A model of (batch, size, size, 3) uint8 images in RGB from 0 to 255; scaling is
        part of it, so that no caller can forget it.
    """
    keras.utils.set_random_seed(recipe.seed)
    # Layers
    with _dtype_policy(recipe.precision):
        image = keras.Input((size, size, 3), dtype="uint8", name="image")
        scaled = keras.layers.Rescaling(1 / 127.5, offset=-1, name="scale")(image)
        backbone = keras.applications.MobileNetV2(
            input_tensor=scaled, alpha=recipe.alpha, include_top=False, weights=None
        )
    # Head, always in full precision: https://keras.io/api/mixed_precision
    with _dtype_policy("float32"):
        features = keras.layers.GlobalAveragePooling2D(name="features")
        dropout = keras.layers.Dropout(recipe.dropout, seed=recipe.seed, name="dropout")
        dense = keras.layers.Dense(
            classes,
            activation="softmax",
            kernel_initializer=_first_kernel(recipe),
            name="probabilities",
        )
    model = keras.Model(image, dense(dropout(features(backbone.output))), name="kigezi")
    set_trainable(backbone_layers(model), recipe)
    if weights is not None:
        _load_weights(model, weights, recipe.alpha)
    return model


def start_again(model: keras.Model, recipe: Recipe, weights: Path | None) -> None:
    """Give a trained model the weights that `build_model` would give it.

    Args:
        model: As `build_model` made it for a recipe with the same layers.
        recipe: What is trained next.
        weights: File with the backbone's weights, or none for random ones.
    """
    if weights is None:
        _, size, _, _ = model.input_shape
        fresh = build_model(recipe, size, model.output_shape[-1], None)
        model.set_weights(fresh.get_weights())
        return
    _load_weights(model, weights, recipe.alpha)
    kernel, bias = model.get_layer("probabilities").weights
    kernel.assign(_first_kernel(recipe)(kernel.shape))
    bias.assign(keras.ops.zeros(bias.shape))


def _first_kernel(recipe: Recipe) -> keras.initializers.Initializer:
    return keras.initializers.GlorotUniform(recipe.seed)


@contextmanager
def _dtype_policy(name: str) -> Iterator[None]:
    """Layers that are made meanwhile compute in this precision."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _load_weights(model: keras.Model, path: Path, alpha: float) -> None:
    backbone = keras.Model(model.input, backbone_layers(model)[-1].output)
    try:
        backbone.load_weights(path)
    except (ValueError, OSError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(
            f"{path} does not hold the weights of MobileNetV2 without its top at alpha "
            f"{alpha} ({reason}): set tune.baseline.weights and alpha so that they "
            "belong together."
        ) from None


def backbone_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The backbone's own layers, bottom first: no input, no scaling and no head."""
    names = [layer.name for layer in model.layers]
    return model.layers[names.index("scale") + 1 : names.index("features")]


def set_trainable(layers: list[keras.layers.Layer], recipe: Recipe) -> None:
    """Open the top layers for training and freeze all below.

    It must happen before a training function is made: Keras silently ignores a flag
    that is changed afterwards.
    """
    for height, layer in enumerate(reversed(layers)):
        frozen_statistics = recipe.batch_norm == "frozen" and isinstance(
            layer, keras.layers.BatchNormalization
        )
        layer.trainable = height < recipe.opened_layers and not frozen_statistics
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = recipe.batch_norm_momentum


def calibration_images(size: int, alpha: float) -> int:
    """How many images set the statistics of random weights, so that memory lasts.

    Args:
        size: Side of an image in pixels.
        alpha: Width of MobileNetV2.
    """
    return max(2, min(256, int(_CALIBRATION_PIXELS / (size**2 * alpha))))


def calibrate(model: keras.Model, images: npt.NDArray[np.uint8]) -> None:
    """Set the batch normalization statistics from images, in one pass.

    Random weights with the initial statistics (mean 0, variance 1) let the signal die
    out layer by layer. With momentum 0 each layer takes over the statistics of this
    one batch, and the layers above already see its normalized output.

    Args:
        model: Model with random weights; its trainable flags are as before afterwards.
        images: (images, side, side, 3) uint8 training photographs.
    """
    layers = [
        layer
        for layer in backbone_layers(model)
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    before = [(layer.trainable, layer.momentum) for layer in layers]
    for layer in layers:
        layer.trainable, layer.momentum = True, 0.0
    model(images, training=True)
    for layer, (trainable, momentum) in zip(layers, before, strict=True):
        layer.trainable, layer.momentum = trainable, momentum


def export_backbone(model_file: Path, alpha: float) -> bytes:
    """The weights of a model without its head, halved to float16.

    Args:
        model_file: A model as `build_model` makes it, saved as a `.keras` file.
        alpha: Its width.

    Returns:
        The bytes of a `.weights.h5` file for MobileNetV2 without its top at the
        model's width, as `build_model` and `keras.applications` read it.

    Raises:
        DataError: A weight does not fit into a float16.
    """
    model = keras.models.load_model(model_file, compile=False)
    layers = backbone_layers(model)
    # Keras numbers unnamed layers on, and their names stand in the file.
    keras.utils.clear_session()
    with _dtype_policy("float16"):
        backbone = keras.applications.MobileNetV2(
            input_shape=model.input_shape[1:],
            alpha=alpha,
            include_top=False,
            weights=None,
        )
    for layer in layers:
        with np.errstate(over="ignore"):  # said below
            weights = [weight.astype(np.float16) for weight in layer.get_weights()]
        if not all(np.isfinite(weight).all() for weight in weights):
            raise DataError(
                f"the weights of layer {layer.name} in {model_file} do not fit into "
                "float16 (largest 65504): the training diverged, so lower "
                "pretrain.recipe.learning_rate."
            )
        backbone.get_layer(layer.name).set_weights(weights)
    # Keras writes weights to a path only, whose suffix decides the format.
    with TemporaryDirectory() as folder:
        path = Path(folder, "backbone.weights.h5")
        backbone.save_weights(path)
        return path.read_bytes()


def trained_weights(model: keras.Model) -> int:
    """How many numbers training can change."""
    return int(sum(np.prod(weight.shape) for weight in model.trainable_weights))
