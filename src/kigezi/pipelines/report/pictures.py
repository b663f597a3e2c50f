"""Nodes of the report pipeline that draw, choose and explain pictures."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from kigezi.photos.reading import decode_stored
from kigezi.plots import (
    plot_calibration,
    plot_confusion,
    plot_curves,
    plot_study,
    test_set,
)
from kigezi.quiet import import_keras
from kigezi.records import Trial, digest_of
from kigezi.reporting.errors import Mistake, lay_over, most_confident
from kigezi.statistics.measures import calibration_curve
from kigezi.stores import AugmentedVersions, ModelInputs, Trainings

_STRIPS = 2
"""training photographs of each class that the report shows"""


def draw_study(leaderboard: pd.DataFrame, final: Trial) -> Figure:
    """Test accuracy of every variant, a panel a stage."""
    return plot_study(leaderboard, test_set(final.result))


def draw_final_model(final: Trial) -> tuple[Figure, Figure, Figure]:
    """Learning curves, confusion matrix and calibration of the study's model."""
    result = final.result
    name = result.assignment.variant.replace("_", " ")
    curves = plot_curves(result.history, result.best_epoch, name)
    title = f"{name}, {test_set(result)}"
    return (
        curves,
        plot_confusion(final.predictions, result.classes, title),
        plot_calibration(calibration_curve(final.predictions)),
    )


def pick_samples(
    final: Trial, augmented: AugmentedVersions
) -> dict[str, list[list[bytes]]]:
    """Some training photographs of each class with their changed copies, as JPEG.

    Returns:
        By class, strips that each begin with the photograph itself.
    """
    version = augmented.version(final.result.dataset)
    rows = version.manifest[version.manifest["split"] == "train"]
    return {
        label: [
            [version.read(path) for path in strip.sort_values("copy")["path"]]
            for _, strip in list(images.groupby("photo_id"))[:_STRIPS]
        ]
        for label, images in rows.groupby("label")
    }


def explain_errors(
    final: Trial,
    predictions: pd.DataFrame,
    augmented: AugmentedVersions,
    trainings: Trainings,
    model_inputs: ModelInputs,
) -> list[Mistake]:
    """The most confident wrong answers, with what speaks for them in the image."""
    result = final.result
    version = augmented.version(result.dataset)
    wrong = most_confident(predictions)
    names = wrong["photo_id"] + "_" + wrong["copy"].astype(str)
    paths = version.manifest.set_index("image_id")["path"]
    images = [version.read(paths[name]) for name in names]
    pixels = [decode_stored(image) for image in images]

    def fill(maps: npt.NDArray[np.float32]) -> None:
        import_keras()
        from kigezi.learning.explaining import class_activation_maps

        model = trainings.find(result.key).model_path(result.best_epoch)
        classes = wrong["predicted"].map(result.classes.index).to_numpy()
        maps[:] = class_activation_maps(model, np.stack(pixels), classes)

    if not images:
        return []
    made_of = [result.key, result.best_epoch, result.dataset, *names]
    shape = (len(images), *pixels[0].shape[:2])
    maps = model_inputs.get_or_make(digest_of(made_of), shape, fill, np.float32)
    rows = zip(wrong.itertuples(), images, pixels, maps, strict=True)
    return [_mistake(*row) for row in rows]


def _mistake(
    row: Any,
    image: bytes,
    pixels: npt.NDArray[np.uint8],
    speaks: npt.NDArray[np.float32],
) -> Mistake:
    return Mistake(
        path=row.path,
        label=row.label,
        predicted=row.predicted,
        confidence=row.confidence,
        image=image,
        overlay=lay_over(pixels, np.asarray(speaks)),
    )
