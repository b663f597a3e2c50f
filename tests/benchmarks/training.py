"""How long training takes: this project against plain Keras, side by side.

Run it, from the folder of the project, on a machine that does nothing else:

    python -m tests.benchmarks.training --weights mobilenet_v2_no_top.h5

The whole takes about half an hour at 224 pixels on 2 cores; `--rows`, `--repeats` and
`--size` make it shorter. Without `--weights`, random weights are saved once and both
sides start from them. What is compared:

- `freeze`: a freeze stage of 30 epochs: the head only, the top 10 and the top 20 layers
  of the backbone, with frozen batch normalization, Adam at 1e-4 and batches of 32.
- `entire`: one step of the entire network on both sides with the same batches in the
  same order; what it costs us to train batch normalization too; and, on a processor
  with instructions for bfloat16, what mixed_bfloat16 changes, and numbers shortened to
  bfloat16 by oneDNN.
- `forward`: the forward pass alone, which no training of the head can do without once.

Why it is fair:

- Both sides start from the same JPEG files, weights and head, train the same layers
  with the same settings, and validate after each epoch, one after the other, and take
  turns in going first.
- Each is measured in a process of its own: ours set up as `kedro run` sets it up (a
  thread a physical core, oneDNN on every x86-64 processor), plain Keras as TensorFlow
  comes.
- Everything that our side does once is counted whole in every row, although a study
  shares it between variants: decoding, building, computing the layers that are not
  trained, and tracing. So are the checkpoints that it writes after each epoch, which
  plain Keras does not.
- The first epochs are run and timed whole; of the others, which repeat the same work,
  the median is taken for each that is not run (`--epochs`). Our epochs with a frozen
  backbone are so short that all 30 are run.
- The peer is written as Keras's own guide does it (see plain_keras.py), and is not
  slowed down: it decodes once, caches and prefetches.

TensorFlow's own start is paid by neither. Nothing is asserted: times are for reading.
"""

import argparse
import hashlib
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from kigezi.datasets.model_inputs import ModelInputs
from kigezi.datasets.trainings import Trainings
from kigezi.learning.backbone import backbone_layers, build_model, calibrate
from kigezi.learning.batches import batches_of
from kigezi.learning.evaluating import measure, predict
from kigezi.learning.examples import Examples, epoch_order
from kigezi.learning.network import Network
from kigezi.learning.training import train
from kigezi.photos.drawing import CLASSES, draw_photograph, drawn_names
from kigezi.photos.geometry import fit
from kigezi.photos.reading import decode_stored
from kigezi.processor import MATH_VARIABLE, prepare_training
from kigezi.records import Epoch
from kigezi.schemas import Recipe
from tests.benchmarks import plain_keras
from tests.benchmarks.table import columns, spread

EPOCHS = 30
STEPS = 24
STAGE = {"head only": "none", "top 10 layers": 10, "top 20 layers": 20}
ROWS = ("freeze", "entire", "forward")
SHORTENED = f"{MATH_VARIABLE}=BF16"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Setting:
    """What every row is measured on."""

    folder: Path
    """holds the JPEG files as `<split>/<label>/<name>`"""
    manifest: pd.DataFrame
    """a row a file: label, split, copy, photo_id and path"""
    size: int
    """side of the square images in pixels"""
    weights: Path
    """file with the weights that both sides start from"""
    repeats: int
    epochs: int
    """epochs that are run"""

    def examples(self, folder: Path) -> Examples:
        """The images as the tune pipeline opens them, decoded into a folder."""
        store = ModelInputs(folder, limit=20e9)
        paths = self.manifest["path"]

        def decode(pixels: npt.NDArray[np.uint8]) -> None:
            for row, path in enumerate(paths):
                pixels[row] = decode_stored(path.read_bytes())

        digest = hashlib.sha256("".join(self.manifest["photo_id"]).encode()).hexdigest()
        shape = (len(paths), self.size, self.size, 3)
        images = store.get_or_make(digest, shape, decode)
        return Examples.of(self.manifest, images, digest)


@dataclass(frozen=True)
class Side:
    """A way of training that is measured."""

    run: Callable[[], Any]
    """can be pickled"""
    ours: bool = True
    variables: Mapping[str, str] = field(default_factory=dict)
    """of the environment, besides"""

    def alone(self) -> Any:
        """Run it in a process of its own: TensorFlow reads variables only once."""
        before = dict(os.environ)
        if self.ours:
            prepare_training(None)
        os.environ.update(self.variables)
        spawn = get_context("spawn")
        try:
            with ProcessPoolExecutor(1, spawn, _warm_up) as process:
                return process.submit(self.run).result()
        finally:
            os.environ.clear()
            os.environ.update(before)


def main() -> None:
    """Draw photographs, measure the rows that are asked for and print them."""
    arguments = _arguments()
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    _log.setLevel(logging.INFO)
    with TemporaryDirectory() as name:
        folder = Path(name)
        manifest = draw_files(folder, arguments.images, arguments.size)
        weights = arguments.weights or save_random_weights(manifest, folder)
        setting = Setting(
            folder=folder,
            manifest=manifest,
            size=arguments.size,
            weights=weights,
            repeats=arguments.repeats,
            epochs=arguments.epochs,
        )
        measures = {"freeze": freeze_stage, "entire": entire, "forward": forward}
        for row in arguments.rows:
            sys.stdout.write(measures[row](setting) + "\n\n")
            sys.stdout.flush()


def draw_files(folder: Path, images: int, size: int) -> pd.DataFrame:
    """Write drawn photographs as square JPEG files, a quarter more for validation."""
    rows = []
    names = drawn_names(images + images // 4, CLASSES)
    for place, (label, index) in enumerate(names):
        split = "train" if place < images else "validation"
        path = folder / split / label / f"{index:05}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = fit(draw_photograph(label, index, seed=1, size=size), size, "crop")
        picture.save(path, quality=95)
        photo_id = hashlib.sha256(path.read_bytes()).hexdigest()
        rows.append((label, split, 0, photo_id, path))
    return pd.DataFrame(rows, columns=["label", "split", "copy", "photo_id", "path"])


def save_random_weights(manifest: pd.DataFrame, folder: Path) -> Path:
    """Random weights that carry a signal, in a file, so that both sides share them."""
    images = np.stack([decode_stored(p.read_bytes()) for p in manifest["path"][:256]])
    model = build_model(_recipe("none", 1), images.shape[1], len(CLASSES), None)
    calibrate(model, images)
    layers = backbone_layers(model)
    path = folder / "random.weights.h5"
    keras.Model(layers[0].input, layers[-1].output).save_weights(path)
    return path


def freeze_stage(setting: Setting) -> str:
    """The freeze stage without its last variant, which is a row of its own."""
    rows, notes = [], []
    for what, unfreeze in STAGE.items():
        ours, plain = _in_turns(
            setting,
            what,
            Side(partial(fit_ours, setting, unfreeze)),
            Side(partial(fit_plain, setting, unfreeze), ours=False),
        )
        seconds = [[one.whole(EPOCHS) for one in side] for side in (ours, plain)]
        accuracies = [side[0].accuracies[setting.epochs - 1] for side in (ours, plain)]
        rows.append(_row(f"{what}, {EPOCHS} epochs", seconds, accuracies))
        notes += [_phases(f"{what}, ours", ours), _phases(f"{what}, plain", plain)]
    return f"{columns(rows)}\n\n" + "\n".join(notes)


def fit_ours(setting: Setting, unfreeze: str | int) -> plain_keras.Fit:
    """The way of the tune pipeline, from JPEG files to the last epoch's checkpoint."""
    ends: list[float] = []
    accuracies: list[float] = []

    def on_epoch(epoch: Epoch) -> None:
        ends.append(time.perf_counter() - marks[0])
        accuracies.append(epoch.validation_accuracy)

    recipe = _recipe(unfreeze, EPOCHS if unfreeze == "none" else setting.epochs)
    with TemporaryDirectory() as folder:
        marks = [time.perf_counter()]
        inputs = Path(folder, "inputs")
        examples = setting.examples(inputs)
        marks.append(time.perf_counter())
        begun = Network.begin(recipe, examples, setting.weights)
        marks.append(time.perf_counter())
        seen = begun.seen(examples, ModelInputs(inputs, limit=20e9))
        marks.append(time.perf_counter())
        trainings = Trainings(Path(folder, "trainings"))
        kept = trainings.open(recipe.model_dump(), (recipe.epochs,))
        train(begun.part, recipe, seen, kept, on_epoch, begun.whole)
    names = ("decode", "build", "layers not trained")
    once = dict(zip(names, np.diff(marks).tolist(), strict=True))
    return plain_keras.Fit(ends, accuracies, once)


def fit_plain(setting: Setting, unfreeze: str | int) -> plain_keras.Fit:
    """The same training in plain Keras."""
    opened = _recipe(unfreeze, 1).opened_layers
    inputs = (setting.folder, setting.size, len(CLASSES), opened, setting.weights)
    return plain_keras.fit(*inputs, epochs=setting.epochs)


def entire(setting: Setting) -> str:
    """The entire network: a step on both sides, and other ways of ours."""
    with TemporaryDirectory() as folder:
        inputs, ordered = Path(folder, "inputs"), Path(folder, "ordered")
        examples = setting.examples(inputs)
        chosen = _first_rows(examples)
        _write_in_order(examples.images[chosen], ordered)
        labels = examples.labels[chosen].tolist()
        plain = partial(
            plain_keras.step,
            *(ordered, labels, setting.folder / "validation", setting.size),
            setting.weights,
        )
        ours = partial(step_ours, setting, inputs)
        sides = {
            "ours": Side(ours),
            "plain Keras": Side(plain, ours=False),
            "trained normalization": Side(partial(ours, batch_norm="train")),
        }
        if _multiplies_bfloat16():
            half = partial(ours, precision="mixed_bfloat16")
            sides["mixed_bfloat16"] = Side(half)
            sides[SHORTENED] = Side(ours, variables={MATH_VARIABLE: "BF16"})
        results = _in_turns(setting, "entire network", *sides.values())
    steps = dict(zip(sides, results, strict=True))
    compared = [("plain Keras", name) for name in ("ours", SHORTENED)]
    compared += [(name, "ours") for name in ("trained normalization", "mixed_bfloat16")]
    rows = [_step_row(steps, *two) for two in compared if set(two) <= set(steps)]
    losses = {name: side[0].losses for name, side in steps.items()}
    return f"{columns(rows)}\n\n{_losses(losses)}"


def _step_row(
    steps: Mapping[str, Sequence[plain_keras.Stepped]], other: str, name: str
) -> dict[str, str]:
    """How long a step takes in two ways, and what each leads to."""
    sides = (steps[name], steps[other])
    seconds = [[one.seconds for one in side] for side in sides]
    what = f"entire network, 1 step: {other} / {name}"
    accuracies = [side[0].accuracy for side in sides]
    return _row(what, seconds, accuracies, ("this", "other"))


def _multiplies_bfloat16() -> bool:
    """Whether the processor has instructions for it; without, a step takes minutes."""
    try:
        flags = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return True
    return "avx512_bf16" in flags or "amx_bf16" in flags


def step_ours(setting: Setting, inputs: Path, **changes: str) -> plain_keras.Stepped:
    """The steps of `train`, whose own epoch does not tell the loss of each."""
    examples = setting.examples(inputs)
    rows = _first_rows(examples)
    # Dropout would draw other features on either side.
    recipe = _recipe("all", 1).model_copy(update={"dropout": 0.0, **changes})
    begun = Network.begin(recipe, examples, setting.weights)
    begun.part.optimizer.learning_rate.assign(recipe.learning_rate)
    steps = plain_keras.Steps()
    batches = batches_of(examples, rows, recipe.batch_size)
    begun.part.fit(batches, shuffle=False, callbacks=[steps], verbose=0)
    held_out = examples.rows("validation", all_copies=False)
    answers = predict(begun.part, examples, held_out)
    figures = measure(answers, examples.labels[held_out])
    return plain_keras.Stepped(steps.seconds, steps.losses, figures.accuracy)


def forward(setting: Setting) -> str:
    """The forward pass of all training images through the whole network."""
    with TemporaryDirectory() as folder:
        inputs = Path(folder, "inputs")
        rows = setting.examples(inputs).rows("train", all_copies=True)
        peer = (setting.folder / "train", setting.size, len(CLASSES), setting.weights)
        sides = _in_turns(
            setting,
            "forward pass",
            Side(partial(forward_ours, setting, inputs)),
            Side(partial(plain_keras.forward, *peer), ours=False),
        )
    rates = [f"{len(rows) / median(side):.0f}" for side in sides]
    table = columns([_row(f"forward pass of {len(rows)} images", sides)])
    return f"{table}\n\nimages a second: ours {rates[0]}, plain Keras {rates[1]}"


def forward_ours(setting: Setting, inputs: Path) -> float:
    """Seconds for all training images, after one pass that traces."""
    examples = setting.examples(inputs)
    network = Network.begin(_recipe("all", 1), examples, setting.weights).part
    rows = examples.rows("train", all_copies=True)
    predict(network, examples, rows)
    started = time.perf_counter()
    predict(network, examples, rows)
    return time.perf_counter() - started


def _recipe(unfreeze: str | int, epochs: int) -> Recipe:
    """The baseline of conf/base, without an early end."""
    return Recipe(
        unfreeze=unfreeze,
        learning_rate=plain_keras.LEARNING_RATE,
        learning_rate_decay=1,
        batch_size=plain_keras.BATCH,
        optimizer="adam",
        epochs=epochs,
        patience=1000,
        dropout=plain_keras.DROPOUT,
        batch_norm="frozen",
        batch_norm_momentum=0.999,
        weights="imagenet",
        alpha=1.0,
        precision="float32",
        seed=0,
    )


def _first_rows(examples: Examples) -> npt.NDArray[np.int64]:
    """Whole batches of training images in the order of our first epoch."""
    rows = examples.rows("train", all_copies=True)
    batches = min(STEPS, len(rows) // plain_keras.BATCH)
    order = epoch_order(len(rows), seed=0, epoch=1)
    return rows[order][: batches * plain_keras.BATCH]


def _write_in_order(images: npt.NDArray[np.uint8], folder: Path) -> None:
    """Write images so that their names sort as they are given.

    As BMP, which either side reads as the same pixels: the JPEG decoders of Pillow and
    TensorFlow differ by 1 level out of 255 on average, which the losses show.
    """
    folder.mkdir()
    for place, pixels in enumerate(images):
        Image.fromarray(pixels).save(folder / f"{place:06}.bmp")


def _in_turns(setting: Setting, what: str, *sides: Side) -> list[list[Any]]:
    """Run the sides in turns, so that a slow minute of the machine meets them all."""
    results: list[list[Any]] = [[] for _ in sides]
    for repeat in range(setting.repeats):
        for turn in range(len(sides)):
            side = (repeat + turn) % len(sides)
            started = time.perf_counter()
            results[side].append(sides[side].alone())
            took = time.perf_counter() - started
            _log.info("%s, repeat %d, side %d: %.0f s", what, repeat + 1, side, took)
    return results


def _warm_up() -> None:
    """Let TensorFlow start and load its kernels."""
    # It warns of retracing, because several models are built in one process.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message="`shuffle=True` was passed")
    model = build_model(_recipe("all", 1), 32, 2, None)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(np.zeros((2, 32, 32, 3), np.uint8), np.zeros(2), verbose=0)


def _row(
    what: str,
    seconds: Sequence[Sequence[float]],
    accuracies: Sequence[float] = (),
    names: tuple[str, str] = ("ours", "plain Keras"),
) -> dict[str, str]:
    """A line of a table: medians of two sides, and how often the first fits in."""
    first, second = (median(side) for side in seconds)
    row = {"what": what}
    for name, side in zip(names, seconds, strict=True):
        row[f"{name} (s)"] = spread(side)
    row["ratio of medians"] = f"{second / first:.2f}"
    for name, accuracy in zip(names, accuracies, strict=False):
        row[f"validation accuracy, {name}"] = f"{accuracy:.3f}"
    return row


def _phases(what: str, fits: Sequence[plain_keras.Fit]) -> str:
    """Where the time of a side goes, as a line under the table."""
    parts = {name: median(one.once[name] for one in fits) for name in fits[0].once}
    first = [one.ends[0] - sum(one.once.values()) for one in fits]
    parts |= {
        "first epoch": median(first),
        "each epoch after it": median(one.steady for one in fits),
    }
    shown = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in parts.items())
    return f"- {what}: {shown}; epochs run: {len(fits[0].ends)}"


def _losses(sides: Mapping[str, Sequence[float]]) -> str:
    """The losses of the first steps, side by side."""
    rows = []
    for name, losses in sides.items():
        row = {"loss of step": name}
        row |= {str(step): f"{loss:.5f}" for step, loss in enumerate(losses[:8], 1)}
        rows.append(row | {f"mean of {len(losses)}": f"{np.mean(losses):.5f}"})
    return columns(rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=int, default=1000, help="training images")
    parser.add_argument("--size", type=int, default=224, help="their side in pixels")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=4, help="epochs that are run")
    parser.add_argument("--weights", type=Path, help="weights without the top, .h5")
    parser.add_argument("--rows", type=_rows, default=ROWS, help=",".join(ROWS))
    arguments = parser.parse_args()
    if arguments.images < 64 or arguments.epochs < 2:
        parser.error("at least 64 images and 2 epochs, for steps and epochs are timed")
    return arguments


def _rows(text: str) -> tuple[str, ...]:
    rows = tuple(text.split(","))
    if not set(rows) <= set(ROWS):
        raise argparse.ArgumentTypeError(f"should be some of {','.join(ROWS)}")
    return rows


if __name__ == "__main__":
    main()
