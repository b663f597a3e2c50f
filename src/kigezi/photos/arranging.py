"""Split the images of a dataset in several ways, with equal counts in every split."""

import hashlib

import numpy as np
import numpy.typing as npt
import pandas as pd

from kigezi.errors import DataError

WAYS = {"images": "image_id", "photographs": "photo_id", "groups": "group_id"}
"""what stays whole in a split, and the column that names it"""

_FILLED = ("test", "validation", "train")
"""the splits in the order in which they are filled: the largest has room to the end"""


def images_by_group(
    ledger: pd.DataFrame,
    photo_ids: npt.NDArray[np.str_],
    copies: npt.NDArray[np.int64],
) -> pd.DataFrame:
    """What `arrange` splits: a row an image.

    Args:
        ledger: Says class and group of each kept photograph.
        photo_ids: (images,), the photograph of each image.
        copies: (images,), 0 for the photograph itself.

    Returns:
        Columns photo_id, copy, image_id, group_id and label, in the same order.
    """
    kept = ledger[ledger["status"] == "kept"].set_index("photo_id")
    images = pd.DataFrame({"photo_id": photo_ids, "copy": copies})
    images["image_id"] = images["photo_id"] + "_" + images["copy"].astype(str)
    return images.join(kept[["group_id", "label"]], on="photo_id")


def arrange(
    images: pd.DataFrame, way: str, validation: float, test: float, seed: int
) -> npt.NDArray[np.str_]:
    """The split of every image, if `way` says what stays whole.

    Every way puts the same number of each class's images into a split: that of whole
    photographs, of which at least one is for validation and one for test.

    Args:
        images: A row an image, with `label` and the columns of `WAYS`.
        way: One of `WAYS`.
        validation: Fraction of each class's photographs for validation.
        test: Fraction of each class's photographs for test.
        seed: Decides what goes where.

    Raises:
        DataError: Groups are so large that the counts cannot be equal.
    """
    room = _room(images, validation, test)
    units = pd.crosstab(images[WAYS[way]], images["label"])
    # A unit is drawn by its first image, so that a photograph that is alone in its
    # group goes to the same split, whether photographs or groups stay whole.
    first = images.groupby(WAYS[way])["image_id"].min()
    order = np.argsort([_draw(seed, first[unit]) for unit in units.index])
    places = {}
    for unit, sizes in zip(units.index[order], units.to_numpy()[order], strict=True):
        holding = np.flatnonzero((room >= sizes).all(axis=1))
        if not len(holding):
            raise DataError(
                f"the {way} cannot be split in equal counts, because {unit} fits "
                "nowhere whole: change the fractions in ingest.split "
                "(conf/base/parameters_ingest.yml) by a little."
            )
        room[holding[0]] -= sizes
        places[unit] = _FILLED[holding[0]]
    return images[WAYS[way]].map(places).to_numpy(str)


def _room(
    images: pd.DataFrame, validation: float, test: float
) -> npt.NDArray[np.int64]:
    """Images of each class that each split of `_FILLED` holds: (splits, classes)."""
    photographs = images.groupby("label")["photo_id"].nunique().to_numpy()
    validations = np.maximum(1, np.round(validation * photographs))
    tests = np.maximum(1, np.round(test * photographs))
    counts = np.stack([tests, validations, photographs - validations - tests])
    copies = len(images) // images["photo_id"].nunique()
    return (copies * counts).astype(np.int64)


def _draw(seed: int, unit: str) -> str:
    """A random number of a unit, the same for any order of the images."""
    return hashlib.sha256(f"{seed}:{unit}".encode()).hexdigest()
