"""Every exported file behind one function, so that all are measured alike."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kigezi.answering.card import FILES
from kigezi.native_output import without_native_output


class Answers(NamedTuple):
    """What a file says of images."""

    probabilities: npt.NDArray[np.float32]
    """(images, classes)"""
    familiarity: npt.NDArray[np.float32]
    """(images,)"""
    milliseconds: npt.NDArray[np.float64]
    """(images,), for one image alone on one thread; Keras takes those of the run"""


Outputs = dict[str, npt.NDArray[np.float32]]
Run = Callable[[npt.NDArray[np.uint8]], Outputs]


def run_file(kind: str, data: bytes, images: npt.NDArray[np.uint8]) -> Answers:
    """What a file says of every image, one after the other.

    Args:
        kind: One of `kigezi.answering.card.FILES`.
        data: Its bytes.
        images: (images, side, side, 3), RGB from 0 to 255.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder, FILES[kind])
        path.write_bytes(data)
        return _run_all(_LOADERS[path.suffix](path), images)


def _run_all(run: Run, images: npt.NDArray[np.uint8]) -> Answers:
    run(images[:1])  # the first call prepares what all others use
    outputs, seconds = [], []
    for place in range(len(images)):
        started = perf_counter()
        outputs.append(run(images[place : place + 1]))
        seconds.append(perf_counter() - started)
    return Answers(
        np.concatenate([one["probabilities"] for one in outputs]),
        np.concatenate([one["familiarity"] for one in outputs])[:, 0],
        1000 * np.array(seconds),
    )


def _keras(path: Path) -> Run:
    import keras

    return keras.models.load_model(path, compile=False, safe_mode=True).predict_on_batch


def _litert(path: Path) -> Run:
    from ai_edge_litert.interpreter import Interpreter

    with without_native_output():
        signature = Interpreter(str(path), num_threads=1).get_signature_runner()
    return lambda image: signature(image=image)


def _onnx(path: Path) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        path, options, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return lambda image: dict(
        zip(names, session.run(names, {"image": image}), strict=True)
    )


_LOADERS: dict[str, Callable[[Path], Run]] = {
    ".keras": _keras,
    ".tflite": _litert,
    ".onnx": _onnx,
}
