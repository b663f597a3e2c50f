"""A study in plain Keras: each variant of a table trained for itself.

It is started by `tests.benchmarks.study` as a process of its own:

    python -m tests.benchmarks.plain_study leaderboard.csv path/to/augmented

It is what a researcher would write without this project: for every variant a model is
built and compiled, the images are read from files, and `fit` runs with Keras's
`EarlyStopping`, which restores the best weights.
"""

import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import pandas as pd

from kigezi.datasets.weights import BUNDLED
from tests.benchmarks import plain_keras
from tests.benchmarks.plain_keras import cached

_LAYERS = {"none": 0, "all": plain_keras.ALL}
_OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
}


def main(leaderboard: Path, dataset: Path) -> None:
    """Train every variant but the final model, which is one of them."""
    table = pd.read_csv(leaderboard)
    table = table[table["stage"] != "final"]
    with TemporaryDirectory() as name:
        folder = Path(name)
        sort_by_split(dataset, folder)
        accuracies = [train(variant, folder) for _, variant in table.iterrows()]
    difference = (table["test_accuracy"] - accuracies).abs().mean()
    sys.stdout.write(
        f"{len(table)} variants; test accuracy differs by {100 * difference:.1f} "
        "points on average\n"
    )


def sort_by_split(dataset: Path, folder: Path) -> None:
    """Copy images to `<split>/<label>/<name>`: all copies to train on, else copy 0."""
    manifest = pd.read_parquet(dataset / "manifest.parquet")
    used = manifest[(manifest["split"] == "train") | (manifest["copy"] == 0)]
    for image in used.itertuples():
        target = folder / image.split / image.label / Path(image.path).name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(dataset / image.path, target)


def train(variant: pd.Series, folder: Path) -> float:
    """Train one variant and return its accuracy on the test photographs."""
    unfreeze = str(variant["unfreeze"])
    opened = _LAYERS[unfreeze] if unfreeze in _LAYERS else int(unfreeze)
    size, classes = _size_and_classes(folder)
    model = plain_keras.build(
        size, classes, opened, Path(str(BUNDLED)), alpha=float(variant["alpha"])
    )
    model.compile(
        _OPTIMIZERS[variant["optimizer"]](float(variant["learning_rate"])),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    batch = int(variant["batch_size"])
    stop = keras.callbacks.EarlyStopping(
        patience=int(variant["patience"]), restore_best_weights=True
    )
    model.fit(
        cached(folder / "train", size, shuffled=True, batch=batch),
        validation_data=cached(folder / "validation", size, shuffled=False),
        epochs=int(variant["epochs"]),
        callbacks=[stop],
        verbose=0,
    )
    test = cached(folder / "test", size, shuffled=False)
    _, accuracy = model.evaluate(test, verbose=0)
    return float(accuracy)


def _size_and_classes(folder: Path) -> tuple[int, int]:
    labels = sorted((folder / "train").iterdir())
    first = next(labels[0].iterdir())
    return keras.utils.load_img(first).width, len(labels)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
