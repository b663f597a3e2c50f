"""The backbone's weights: downloaded, from a local file, or random."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Never

from kedro.io import AbstractDataset, DatasetError

from kigezi.datasets.atomic import sha256_of
from kigezi.errors import DataError
from kigezi.schemas import Recipe

_ADDRESS = "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2"
_SIZES = (96, 128, 160, 192, 224)
_KNOWN_FILES = {
    "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5": (
        9_406_464,
        "f1a68526548f7541cda07e19ba6c85f4",
    )
}
"""Length in bytes and MD5 of Keras's files, as far as anybody published them.

Keras itself checks neither, and writes a download straight to its final name, so that
an interrupted one would be trusted by the next run.
"""


@dataclass(frozen=True)
class Weights:
    """What a backbone starts from."""

    path: Path | None
    """file with the weights, or none for random ones"""
    digest: str
    """sha256 of the file, or `random`"""


class BackboneWeights:
    """Finds the weights that a recipe names."""

    def __init__(self, project: Path) -> None:
        self._project = project

    def find(self, recipe: Recipe, size: int) -> Weights:
        """The weights of a recipe, downloaded by Keras where they are not there yet.

        Args:
            size: Side of the image in pixels; Keras has files for some sizes.

        Raises:
            DataError: The file is missing or damaged, or there is no internet.
        """
        if recipe.weights == "random":
            return Weights(None, "random")
        if recipe.weights == "imagenet":
            path = _imagenet(recipe.alpha, size)
        else:
            path = self._local(recipe.weights)
        return Weights(path, sha256_of(path))

    def check(self, recipe: Recipe) -> None:
        """Stop before any work where a recipe names a file that is not there.

        Raises:
            DataError: There is no such file.
        """
        if recipe.weights not in ("imagenet", "random"):
            self._local(recipe.weights)

    def _local(self, name: str) -> Path:
        path = self._project / Path(name).expanduser()
        if not path.is_file():
            raise DataError(
                f"tune.baseline.weights (or a variant's) names {name}, and there is no "
                f"such file ({path}): give imagenet, random, or the path of a local "
                ".h5 file with MobileNetV2's weights without its top."
            )
        return path


def imagenet_file(alpha: float, size: int) -> str:
    """Name of Keras's file for a width, at its own size or else the one for 224 px."""
    rows = size if size in _SIZES else 224
    stem = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels"
    return f"{stem}_{alpha}_{rows}_no_top.h5"


def _imagenet(alpha: float, size: int) -> Path:
    name = imagenet_file(alpha, size)
    folder = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models"
    if not (folder / name).is_file():
        _download(name, folder)
    _check(folder / name)
    return folder / name


def _download(name: str, folder: Path) -> None:
    """Let Keras download to another name: a cut-off file must never be trusted."""
    from keras.utils import get_file

    try:
        part = get_file(
            f"{name}.part",
            f"{_ADDRESS}/{name}",
            cache_dir=str(folder.parent),
            cache_subdir=folder.name,
            force_download=True,
        )
    except Exception as error:
        raise DataError(_how_to_fetch(name, folder, error)) from None
    Path(part).replace(folder / name)


def _how_to_fetch(name: str, folder: Path, error: Exception) -> str:
    reason = " ".join(str(error).split())[:200]
    return (
        f"The ImageNet weights could not be downloaded ({reason}): fetch "
        f"{_ADDRESS}/{name} ({_checksum(name)}) on another machine and put it into "
        f"{folder}, or set tune.baseline.weights in conf/base/parameters_tune.yml to "
        "the path of a local file, or to random."
    )


def _checksum(name: str) -> str:
    if name not in _KNOWN_FILES:
        return "Keras publishes no checksum for it"
    length, md5 = _KNOWN_FILES[name]
    return f"{length:,} bytes, MD5 {md5}"


def _check(path: Path) -> None:
    """Refuse a file that is not the one on record, as far as there is a record."""
    if path.name not in _KNOWN_FILES:
        return
    length, md5 = _KNOWN_FILES[path.name]
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "md5").hexdigest()
    if found != md5:
        raise DataError(
            f"{path} has {path.stat().st_size:,} bytes and MD5 {found} instead of "
            f"{length:,} and {md5}, as after a download that was cut off: delete it "
            "and run again, or name it in tune.baseline.weights if you trust it."
        )


class BackboneWeightsDataset(AbstractDataset[Never, BackboneWeights]):
    """Loads as the finder of weights."""

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        self._path = Path(path)
        self.metadata = metadata

    def load(self) -> BackboneWeights:
        """The finder; nothing is downloaded before it is asked."""
        return BackboneWeights(self._path)

    def save(self, data: Never) -> None:
        """Weights are never written by the project."""
        raise DatasetError("the backbone's weights are only read")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"path": str(self._path)}
