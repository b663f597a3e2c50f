"""From a Keras model to the files that phones, browsers and servers run.

The converters are the ones that Keras, LiteRT and ONNX document today: `model.export`
and, for smaller numbers, the AI Edge Quantizer (https://ai.google.dev/edge/litert).
"""

import contextlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
import numpy.typing as npt

from kigezi.errors import ConfigurationError
from kigezi.native_output import without_native_output

INT8_OPERATIONS = ("CONV_2D", "DEPTHWISE_CONV_2D", "ADD")
"""Operations that compute in whole numbers: almost all of the work.

The head stays in float32, for a least probability means nothing if only 256 of them
can be told apart.
"""


def to_keras(model: keras.Model) -> bytes:
    """The model as a `.keras` file."""
    with _temporary("model.keras") as path:
        model.save(path)
        return path.read_bytes()


def to_litert(model: keras.Model) -> bytes:
    """The model as a LiteRT file that answers for one image at a time, in float32.

    Raises:
        ConfigurationError: Keras runs on another backend than TensorFlow.
    """
    if keras.backend.backend() != "tensorflow":
        raise ConfigurationError(
            "LiteRT files are written by TensorFlow: run the same command with "
            "KERAS_BACKEND=tensorflow; the final model may have been trained with any "
            "backend."
        )
    import tensorflow as tf

    # TensorFlow's own operations, which a phone would need a larger runtime for, are
    # refused rather than used silently.
    only = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    with _temporary("model.tflite") as path, _quietly():
        model.export(
            path,
            format="litert",
            verbose=False,
            input_signature=[_image(model, 1)],
            target_spec=only,
        )
        return path.read_bytes()


def to_onnx(model: keras.Model) -> bytes:
    """The model as an ONNX file for any number of images."""
    with _temporary("model.onnx") as path, _quietly():
        model.export(
            path,
            format="onnx",
            verbose=False,
            input_signature=[_image(model, None)],
        )
        return path.read_bytes()


def to_float16(litert: bytes) -> bytes:
    """The same LiteRT file with weights of 16 bits; what is computed stays float32."""
    from ai_edge_quantizer import algorithm_manager, qtyping, quantizer

    work = quantizer.Quantizer(litert)
    work.update_quantization_recipe(
        ".*",
        qtyping.TFLOperationName.ALL_SUPPORTED,
        qtyping.OpQuantizationConfig(
            weight_tensor_config=qtyping.TensorQuantizationConfig(
                num_bits=16, dtype=qtyping.TensorDataType.FLOAT
            ),
            compute_precision=qtyping.ComputePrecision.FLOAT,
            explicit_dequantize=True,
        ),
        algorithm_key=algorithm_manager.AlgorithmName.FLOAT_CASTING,
    )
    with _quietly():
        return bytes(work.quantize().quantized_model)


def to_int8(litert: bytes, images: npt.NDArray[np.uint8]) -> bytes:
    """The same LiteRT file with weights and activations of 8 bits.

    Args:
        litert: In float32.
        images: (images, side, side, 3), training images by which the range of every
            activation is found.
    """
    from ai_edge_quantizer import qtyping, quantizer

    work = quantizer.Quantizer(litert)
    for operation in INT8_OPERATIONS:
        work.add_static_config(".*", qtyping.TFLOperationName(operation), 8, 8)
    seen = {"serving_default": [{"image": image[None]} for image in images]}
    with _quietly():
        ranges = work.calibrate(seen, num_threads=1)
        return bytes(work.quantize(ranges).quantized_model)


def _image(model: keras.Model, batch: int | None) -> keras.InputSpec:
    return keras.InputSpec("uint8", (batch, *model.input_shape[1:]), name="image")


@contextlib.contextmanager
def _temporary(name: str) -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield Path(folder, name)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without the converters' progress bars and remarks; errors are raised anyway."""
    nowhere = io.StringIO()
    with (
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
        without_native_output(),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield
