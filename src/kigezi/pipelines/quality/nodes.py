"""Nodes of the quality pipeline. Keras is imported only where a model is needed."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kigezi.folders import PhotographLibrary
from kigezi.learning.doubting import find_doubtful
from kigezi.learning.examples import Examples
from kigezi.learning.shortcuts import (
    WHOLE,
    Features,
    Predictions,
    class_indices,
    predict_from_each,
    tabulate_shortcuts,
)
from kigezi.photos.building import AUGMENTATION_VERSION
from kigezi.photos.flagging import flag_photographs
from kigezi.photos.listing import KINDS, describe, flagged, list_photographs, worst
from kigezi.photos.measuring import WorkingImages, measure_folder
from kigezi.photos.reading import decode, pixel_limit
from kigezi.picture_grid import Picture, plot_grid
from kigezi.quiet import import_keras
from kigezi.records import digest_of
from kigezi.schemas import ImageParameters, QualityParameters, TuneParameters
from kigezi.stores import BackboneWeights, ModelInputs
from kigezi.wording import log_flags, log_shortcuts

_THUMBNAIL = 200
"""longer side in pixels of a photograph in the picture"""


def measure_photographs(
    ledger: pd.DataFrame,
    photographs: PhotographLibrary,
    source: str,
    image: ImageParameters,
) -> tuple[pd.DataFrame, Features]:
    """Figures of every kept photograph, and the colours of their borders.

    Args:
        ledger: One row a file, from ingest.
        photographs: The library of photographs.
        source: Where in the library the ledger's files are.
        image: Working size and shape.

    Returns:
        See `kigezi.photos.measuring.measure_folder`.
    """
    return measure_folder(photographs.open(source), _kept(ledger), image)


def open_photographs(
    ledger: pd.DataFrame,
    photographs: PhotographLibrary,
    source: str,
    image: ImageParameters,
) -> Examples:
    """The kept photographs at working size, decoded only when asked for."""
    kept = _kept(ledger)
    digest = digest_of(
        {
            "photographs": kept[["photo_id", "split"]].to_numpy().tolist(),
            "image": image.model_dump(mode="json"),
            "version": AUGMENTATION_VERSION,
        }
    )
    images = WorkingImages(photographs.open(source), kept, image)
    return Examples.of(kept.assign(copy=0), images, digest)


def compute_features(
    examples: Examples,
    tune: TuneParameters,
    backbone_weights: BackboneWeights,
    model_inputs: ModelInputs,
) -> Features:
    """What the baseline's backbone, as it came, sees in each photograph."""
    recipe = tune.baseline.model_copy(update={"unfreeze": "none"})
    weights = backbone_weights.find(recipe)
    import_keras()
    from kigezi.learning.features import frozen_features

    return frozen_features(recipe, examples, weights.path, model_inputs)


def predict_classes(
    measures: pd.DataFrame,
    borders: Features,
    features: Features,
    parameters: QualityParameters,
) -> Predictions:
    """Classes as told by what should and by what should not tell them."""
    folds, seed = parameters.folds, parameters.seed
    return predict_from_each(measures, borders, features, folds, seed)


def compare_shortcuts(measures: pd.DataFrame, predictions: Predictions) -> pd.DataFrame:
    """How accurate a classifier is that must not see the object."""
    table = tabulate_shortcuts(measures, predictions)
    log_shortcuts(table)
    return table


def flag_and_list(
    measures: pd.DataFrame, predictions: Predictions, parameters: QualityParameters
) -> pd.DataFrame:
    """Every kept photograph with its figures and what is doubtful about it."""
    labels, probabilities = class_indices(measures), predictions[WHOLE]
    flags = flag_photographs(measures, parameters)
    flags["doubtful_label"] = find_doubtful(labels, probabilities)
    right = float((probabilities.argmax(axis=1) == labels).mean())
    log_flags({kind: int(flags[kind].sum()) for kind in KINDS}, len(flags), right)
    return list_photographs(measures, flags, probabilities)


def draw_worst(
    quality: pd.DataFrame,
    ledger: pd.DataFrame,
    photographs: PhotographLibrary,
    source: str,
    parameters: QualityParameters,
) -> Figure:
    """The worst photographs of each kind, side by side, for a person to decide."""
    kept = _kept(ledger)
    photo_ids = dict(zip(kept["path"], kept["photo_id"], strict=True))
    read = photographs.open(source).reader(photo_ids)

    def picture(kind: str, row: pd.Series) -> Picture:
        image = decode(read(row["path"]), _THUMBNAIL)
        image.thumbnail((_THUMBNAIL, _THUMBNAIL))
        lines = (row["path"], row["label"], describe(kind, row))
        return Picture(np.asarray(image), lines, bool(row["flagged"]))

    rows = {}
    with pixel_limit(None):
        for kind in KINDS:
            title = f"{kind.replace('_', ' ')}: {flagged(quality, kind).sum():,}"
            chosen = worst(quality, kind, parameters.shown)
            rows[title] = [picture(kind, row) for _, row in chosen.iterrows()]
    title = "The worst of each kind, and how many are flagged (red frames)"
    return plot_grid(rows, parameters.shown, title)


def _kept(ledger: pd.DataFrame) -> pd.DataFrame:
    """Sorted by content, so that a photograph that is renamed changes nothing."""
    columns = ["path", "photo_id", "label", "width", "height", "format", "mode"]
    columns += ["taken", "camera", "group_id", "split"]
    kept = ledger.loc[ledger["status"] == "kept", columns]
    return kept.sort_values("photo_id", ignore_index=True)
