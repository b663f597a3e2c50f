"""The backbone's weights: downloaded, bundled, from a local file, or random."""

import hashlib
import logging
import os
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from kigezi.datasets.aside import sha256_of
from kigezi.datasets.open_store import OpenStoreDataset
from kigezi.errors import DataError
from kigezi.quiet import import_keras
from kigezi.schemas import Recipe

_log = logging.getLogger(__name__)

_ADDRESS = "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2"
_KNOWN_FILES = {
    "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5": (
        9_406_464,
        "f1a68526548f7541cda07e19ba6c85f4",
    )
}
"""Length in bytes and MD5 of Keras's files, as far as they are known.

Keras publishes neither; the length is what it prints while downloading, the MD5 what a
public project records, so that another MD5 is only warned of.
"""


BUNDLED = files("kigezi") / "bundled" / "mobilenet_v2_0.35_96_patterns.weights.h5"
"""the small backbone that comes with the project; README.md beside it tells about it"""
BUNDLED_SHA256 = "9bce28a980ec2866aeb2b5b67414ab43cb9672c0c5fac790b33b8825a6aaad3a"
BUNDLED_ALPHA = 0.35


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

    def find(self, recipe: Recipe) -> Weights:
        """The weights of a recipe, downloaded by Keras where they are not there yet.

        Raises:
            DataError: The file is missing or damaged, or there is no internet.
        """
        if recipe.weights == "random":
            return Weights(None, "random")
        if recipe.weights == "bundled":
            return _bundled(recipe.alpha)
        if recipe.weights == "imagenet":
            path = _imagenet(recipe.alpha)
        else:
            path = self._local(recipe.weights)
        return Weights(path, sha256_of(path))

    def _local(self, name: str) -> Path:
        path = self._project / Path(name).expanduser()
        if not path.is_file() or path.suffix != ".h5":
            raise DataError(
                f"tune.baseline.weights (or a variant's) names {name}, and there is no "
                f"such .h5 file ({path}): give imagenet, bundled, random, or the path "
                "of a local .h5 file with MobileNetV2's weights without its top."
            )
        return path


def _bundled(alpha: float) -> Weights:
    """The backbone that comes with the project, once its checksum is verified."""
    if alpha != BUNDLED_ALPHA:
        raise DataError(
            f"The bundled weights are those of alpha {BUNDLED_ALPHA}, but the recipe "
            f"has alpha {alpha}: set tune.baseline.alpha (or the variant's) to "
            f"{BUNDLED_ALPHA}, or weights to imagenet."
        )
    path = Path(str(BUNDLED))
    found = sha256_of(path) if path.is_file() else "none"
    if found != BUNDLED_SHA256:
        raise DataError(
            f"{path} is damaged or missing (sha256 {found} instead of "
            f"{BUNDLED_SHA256}): bring it back with `git checkout -- {path.name}` in "
            "its folder, or install the project again."
        )
    return Weights(path, found)


def imagenet_file(alpha: float) -> str:
    """Name of Keras's file for a width, trained at 224 px.

    Keras has files for some smaller sizes too, and takes this one for all others. One
    file serves every size here, so that nobody has to fetch a second one.
    """
    stem = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels"
    return f"{stem}_{alpha}_224_no_top.h5"


def _imagenet(alpha: float) -> Path:
    name = imagenet_file(alpha)
    folder = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models"
    if not (folder / name).is_file():
        _download(name, folder)
    _check(folder / name)
    return folder / name


def _download(name: str, folder: Path) -> None:
    """Let Keras download to another name: a cut-off file must never be trusted."""
    import_keras()
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
    # Keras puts the address first, which the sentence names anyway.
    reason = " ".join(str(error).split()).rpartition(" -- ")[2][:200]
    return (
        f"The ImageNet weights could not be downloaded ({reason}): fetch "
        f"{_ADDRESS}/{name} ({_checksum(name)}) on another machine and put it into "
        f"{folder}; or set tune.baseline.weights in conf/base/parameters_tune.yml to "
        "the path of a local file; or, to use the small backbone that comes with the "
        f"project, set tune.baseline.weights to bundled, tune.baseline.alpha to "
        f"{BUNDLED_ALPHA} and image.size to 96."
    )


def _checksum(name: str) -> str:
    if name not in _KNOWN_FILES:
        return "Keras publishes no checksum for it"
    length, md5 = _KNOWN_FILES[name]
    return f"{length:,} bytes, MD5 {md5}"


def _check(path: Path) -> None:
    """Refuse a file that was cut off, and warn of one that is not the one on record."""
    if path.name not in _KNOWN_FILES:
        return
    length, md5 = _KNOWN_FILES[path.name]
    found = path.stat().st_size
    if found != length:
        raise DataError(
            f"{path} has {found:,} bytes instead of {length:,}, as after a download "
            "that was cut off: delete it and run again."
        )
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "md5").hexdigest()
    if digest != md5:
        _log.warning(
            "%s has the MD5 %s, but %s is on record for it: if you did not change it, "
            "delete it and run again.",
            *(path, digest, md5),
        )


class BackboneWeightsDataset(OpenStoreDataset[BackboneWeights]):
    """Loads as the finder of weights; nothing is downloaded before it is asked."""

    def _open(self, path: Path) -> BackboneWeights:
        return BackboneWeights(path)
