"""The Keras model that is shipped: from pixels to calibrated probabilities."""

from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
import numpy.typing as npt

from kigezi.errors import DataError
from kigezi.exporting.familiarity import LAYERS, Familiarity
from kigezi.learning.backbone import build_model
from kigezi.learning.batches import batches_of
from kigezi.learning.examples import Examples
from kigezi.schemas import Recipe

_EPSILON = 1e-12
"""added to a variance, where Keras's default would change it"""


def load_final_model(data: bytes, recipe: Recipe) -> keras.Model:
    """The study's final model in float32, whatever precision it was trained with.

    Args:
        data: Of the `.keras` file.
        recipe: That it was trained with.

    Raises:
        DataError: The file is damaged.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder, "final_model.keras")
        path.write_bytes(data)
        try:
            trained = keras.models.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # the archive, its JSON or its weights may be it
            raise DataError(
                "final_model.keras is damaged: run `kedro run --pipeline=tune` (with "
                "the same --env and --params), which writes it again without training."
            ) from error
    side, classes = trained.input_shape[1], trained.output_shape[-1]
    plain = recipe.model_copy(update={"precision": "float32"})
    model = build_model(plain, side, classes, None)
    model.set_weights(trained.get_weights())
    return model


def look(
    model: keras.Model, examples: Examples, rows: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Logits (rows, classes), and the features that familiarity is told by.

    Args:
        model: From `load_final_model`.
        examples: The images.
        rows: Which of them.
    """
    last = model.get_layer("features").output
    seen = keras.Model(model.input, {"last": last, "maps": _means(model)})
    found = seen.predict(batches_of(examples, rows, batch_size=64), verbose=0)
    kernel, bias = model.get_layer("probabilities").get_weights()
    return found["last"] @ kernel + bias, found["maps"]


def build_shipped(
    model: keras.Model, temperature: float, familiarity: Familiarity
) -> keras.Model:
    """The model with two outputs: `probabilities` and `familiarity`.

    It consists of Keras's own layers only, so that it loads anywhere, with `safe_mode`.

    Args:
        model: From `load_final_model`.
        temperature: By which logits are divided.
        familiarity: As it was fitted.

    Returns:
        A model from (batch, side, side, 3) uint8 pixels to a dictionary of (batch,
        classes) probabilities and (batch, 1) familiarity.
    """
    kernel, bias = model.get_layer("probabilities").get_weights()
    head = keras.layers.Dense(
        kernel.shape[1], activation="softmax", name="probabilities"
    )
    probabilities = head(model.get_layer("features").output)
    head.set_weights([kernel / temperature, bias / temperature])
    shipped = {"probabilities": probabilities, "familiarity": _tell(model, familiarity)}
    return keras.Model(model.input, shipped, name="kigezi")


def _means(model: keras.Model) -> keras.KerasTensor:
    means = [
        keras.layers.GlobalAveragePooling2D(name=f"mean_of_{name}")(
            model.get_layer(name).output
        )
        for name in LAYERS
    ]
    return keras.layers.Concatenate(name="means")(means)


def _tell(model: keras.Model, familiarity: Familiarity) -> keras.KerasTensor:
    """Layers that compute what `Familiarity.of` does."""
    centre = keras.layers.BatchNormalization(
        center=False, scale=False, epsilon=_EPSILON, name="centred"
    )
    centred = centre(_means(model))
    centre.set_weights([familiarity.mean, familiarity.variance])
    along = keras.layers.Dense(
        familiarity.kernel.shape[1], use_bias=False, name="directions"
    )
    kept = along(centred)
    along.set_weights([familiarity.kernel])
    square = keras.layers.Dot(1, name="along")([kept, kept])
    whole = keras.layers.Dot(1, name="distance")([centred, centred])
    return keras.layers.Subtract(name="familiarity")([square, whole])
