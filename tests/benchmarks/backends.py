"""How fast each of Keras's backends trains the entire network on this machine.

    python -m tests.benchmarks.backends
    python -m tests.benchmarks.backends --backends=jax --batch-size=128

Each backend that is installed gets a process of its own, and there, in turns, some
steps of the entire network with frozen batch normalization: in each precision, once
compiled as a whole (XLA, or PyTorch's compiler) and once not; and plain Keras, with the
choices that it makes by itself. The images are noise. Nothing is asserted: it says what
`precision` and `KERAS_BACKEND` are worth on a GPU, and whether compiling there is.
"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from kigezi.processor import prepare_training
from kigezi.schemas import Recipe
from tests.benchmarks.table import columns, is_installed, spread

if TYPE_CHECKING:
    import keras

BACKENDS = ("tensorflow", "torch", "jax")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
CLASSES = 3

_log = logging.getLogger(__name__)


def main() -> None:
    """Measure every backend and print a table."""
    options = _options()
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    prepare_training(None)
    rows: list[dict[str, str]] = []
    for backend in options.backends:
        if not is_installed(backend):
            rows.append({"backend": f"{backend}: not installed"})
            continue
        os.environ["KERAS_BACKEND"] = backend
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            rows += process.submit(measure, options).result()
        # What is known so far is of use if a later backend takes too long.
        sys.stdout.write(columns(rows) + "\n\n")
        sys.stdout.flush()


def measure(options: argparse.Namespace) -> list[dict[str, str]]:
    """A row for each way of training with this process's backend."""
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    _log.setLevel(logging.INFO)
    ways: list[tuple[str, bool | None]] = [
        (precision, compiled)
        for precision in options.precisions
        for compiled in options.compiled
    ]
    rows = []
    for precision, compiled in [*ways, ("float32", None)]:
        started = time.perf_counter()
        try:
            model = _model(options, precision, compiled)
            first, steps = _time(model, options)
        except Exception as error:
            rates, first = " ".join(str(error).split())[:60], float("nan")
        else:
            rates = spread([options.batch_size / seconds for seconds in steps])
        row = {
            "backend": os.environ["KERAS_BACKEND"],
            "device": _device(),
            "what": "plain Keras" if compiled is None else f"ours, {precision}",
            "compiled": {None: "auto", True: "yes", False: "no"}[compiled],
            "images/s: median (range)": rates,
            "first step (s)": f"{first:.1f}",
        }
        rows.append(row)
        took = time.perf_counter() - started
        _log.info("%s: %.0f s", ", ".join(row.values()), took)
    return rows


def _model(
    options: argparse.Namespace, precision: str, compiled: bool | None
) -> "keras.Model":
    """The network as this project trains it, or as plain Keras does."""
    import keras

    from kigezi.learning.backbone import build_model, calibrate
    from kigezi.learning.folding import fold
    from kigezi.learning.training import compile_for
    from tests.benchmarks import plain_keras

    keras.utils.clear_session()
    recipe = _recipe(precision)
    whole = build_model(recipe, options.size, CLASSES, None)
    calibrate(whole, _images(options, 16)[0])
    if compiled is None:
        with TemporaryDirectory() as folder:
            weights = Path(folder, "backbone.weights.h5")
            layers = [layer.name for layer in whole.layers]
            top = whole.layers[layers.index("features") - 1]
            keras.Model(whole.input, top.output).save_weights(weights)
            return plain_keras.build(options.size, CLASSES, plain_keras.ALL, weights)
    model = fold(whole)
    compile_for(model, recipe)
    # The project decides this by itself; here both are measured.
    model.jit_compile = compiled
    return model


def _time(
    model: "keras.Model", options: argparse.Namespace
) -> tuple[float, list[float]]:
    """Seconds of the first step, and of later ones in groups that wait for the device.

    A step only hands its work to a GPU, and the loss of some steps is what waits.
    """
    images, labels = _images(options, options.batch_size * 4)
    started = time.perf_counter()
    _train(model, images, labels, options.batch_size, 1)
    first = time.perf_counter() - started
    _train(model, images, labels, options.batch_size, options.steps)
    seconds = []
    for _ in range(options.repeats):
        started = time.perf_counter()
        _train(model, images, labels, options.batch_size, options.steps)
        seconds.append((time.perf_counter() - started) / options.steps)
    return first, seconds


def _train(
    model: "keras.Model", images: Any, labels: Any, batch_size: int, steps: int
) -> None:
    import numpy as np

    from kigezi.learning.batches import Batches

    rows = np.arange(batch_size * steps) % len(images)

    batches = Batches(_Arrays(images, labels), rows, batch_size)
    model.fit(batches, epochs=1, shuffle=False, verbose=0)


class _Arrays:
    """Images and labels, as `Batches` reads them."""

    def __init__(self, images: Any, labels: Any) -> None:
        self.images = images
        self.labels = labels


def _images(options: argparse.Namespace, count: int) -> tuple[Any, Any]:
    import numpy as np

    noise = np.random.default_rng(0)
    shape = (count, options.size, options.size, 3)
    return noise.integers(0, 256, shape, np.uint8), noise.integers(0, CLASSES, count)


def _recipe(precision: str) -> Recipe:
    """The baseline of conf/base with the entire network, from random weights."""
    return Recipe(
        unfreeze="all",
        learning_rate=1e-4,
        learning_rate_decay=1,
        batch_size=32,
        optimizer="adam",
        epochs=1,
        patience=1,
        dropout=0.2,
        batch_norm="frozen",
        batch_norm_momentum=0.999,
        weights="random",
        alpha=1.0,
        precision=precision,
        seed=0,
    )


def _device() -> str:
    from kigezi.learning.environment import describe_environment

    return describe_environment()["devices"]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--backends", type=_some_of(BACKENDS), default=BACKENDS)
    parser.add_argument("--precisions", type=_some_of(PRECISIONS), default=PRECISIONS)
    parser.add_argument("--compiled", type=_yes_or_no, default=(False, True))
    parser.add_argument("--size", type=int, default=224, help="side in pixels")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--steps", type=int, default=20, help="that are timed together")
    parser.add_argument("--repeats", type=int, default=5)
    return parser.parse_args()


def _some_of(allowed: Sequence[str]) -> Any:
    def parse(text: str) -> tuple[str, ...]:
        chosen = tuple(text.split(","))
        if not set(chosen) <= set(allowed):
            raise argparse.ArgumentTypeError(f"should be some of {','.join(allowed)}")
        return chosen

    return parse


def _yes_or_no(text: str) -> tuple[bool, ...]:
    known = {"yes": (True,), "no": (False,), "both": (False, True)}
    if text not in known:
        raise argparse.ArgumentTypeError("should be yes, no or both")
    return known[text]


if __name__ == "__main__":
    main()
