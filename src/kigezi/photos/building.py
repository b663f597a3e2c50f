"""What an augmented dataset consists of, and the digest that names it."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import PIL
from PIL import features

from kigezi.folders import PhotographFolder
from kigezi.photos.augmenting import Augmentation
from kigezi.photos.making import Make, make_images
from kigezi.schemas import AugmentParameters, ImageParameters

AUGMENTATION_VERSION = 2
"""to be raised with every change of the code that changes a pixel of an image"""

_KEPT = ["path", "photo_id", "label", "split"]


@dataclass(frozen=True)
class DatasetBuild:
    """All that is needed to write one version of the augmented dataset."""

    digest: str
    description: dict[str, Any]
    """the parameters and AUGMENTATION_VERSION, as `dataset.json` stores them"""
    photographs: pd.DataFrame
    """the kept rows of the ledger: path, photo_id, label, split"""
    make: Make
    """the images of one photograph, from its bytes and its photo_id; can be pickled"""
    folder: PhotographFolder

    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        """The path, photo_id, label and split of each photograph."""
        return self.photographs[_KEPT].itertuples(index=False, name=None)


def plan_build(
    ledger: pd.DataFrame,
    folder: PhotographFolder,
    image: ImageParameters,
    augment: AugmentParameters,
) -> DatasetBuild:
    """The build of the kept photographs of a ledger with these parameters."""
    kept = kept_rows(ledger)
    return DatasetBuild(
        digest=build_digest(kept, image, augment),
        description=_describe(image, augment),
        photographs=kept,
        make=image_maker(image, augment),
        folder=folder,
    )


def image_maker(image: ImageParameters, augment: AugmentParameters) -> Make:
    """What makes the images of one photograph, in a worker too."""
    plain = Augmentation(**augment.model_dump())
    return partial(make_images, size=image.size, how=image.fit, augment=plain)


def kept_rows(ledger: pd.DataFrame) -> pd.DataFrame:
    """The rows of the ledger that are photographs of the study, sorted by photo_id."""
    kept = ledger.loc[ledger["status"] == "kept", _KEPT]
    return kept.sort_values("photo_id", ignore_index=True)


def build_digest(
    ledger_kept: pd.DataFrame, image: ImageParameters, augment: AugmentParameters
) -> str:
    """The name of the dataset that these photographs and parameters make.

    It does not depend on paths, machine, workers or time.

    Args:
        ledger_kept: Rows with `photo_id, label, split`, and no others than kept ones.
        image: Working size and shape.
        augment: Number and ranges of the copies.
    """
    rows = ledger_kept[["photo_id", "label", "split"]].to_numpy().tolist()
    content = {**_describe(image, augment), "photographs": sorted(rows)}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _describe(image: ImageParameters, augment: AugmentParameters) -> dict[str, Any]:
    return {
        "augmentation_version": AUGMENTATION_VERSION,
        "image": image.model_dump(mode="json"),
        "augment": augment.model_dump(mode="json"),
    }


def library_versions() -> dict[str, str | None]:
    """Versions of the libraries that decide an image's pixels and bytes."""
    return {
        "pillow": PIL.__version__,
        "libjpeg_turbo": features.version("libjpeg_turbo"),
        "zlib": features.version("zlib"),
        "numpy": np.__version__,
    }
