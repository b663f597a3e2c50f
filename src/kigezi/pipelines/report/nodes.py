"""Nodes of the report pipeline."""

import logging
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from kigezi.errors import DataError
from kigezi.photos.reading import decode_stored
from kigezi.plots import (
    plot_calibration,
    plot_confusion,
    plot_curves,
    plot_study,
    test_set,
)
from kigezi.quiet import import_keras
from kigezi.records import SPLITS, Trial, digest_of
from kigezi.reporting import sections
from kigezi.reporting.errors import Mistake, lay_over, most_confident
from kigezi.reporting.page import Section, render_page
from kigezi.schemas import AugmentParameters
from kigezi.statistics.measures import calibration_curve, confidence
from kigezi.stores import AugmentedVersions, ModelInputs, Tracking, Trainings

_log = logging.getLogger(__name__)

Paper = dict[str, dict[str, dict[str, float]]]

_NEEDED = {"test_low", "protocol"}
"""columns that tables of an earlier version of the project do not have"""

_STRIPS = 2
"""training photographs of each class that the report shows"""


def build_leaderboard(paper: Paper, *comparisons: pd.DataFrame) -> pd.DataFrame:
    """Every variant in the order of the study, the paper's figures beside ours.

    Args:
        paper: Train and test accuracy in percent, by stage and variant.
        comparisons: One table a stage, a row a variant; the final model's comes last.

    Returns:
        A row a variant; accuracies are fractions from 0 to 1.

    Raises:
        DataError: The stages belong to different studies.
    """
    table = pd.concat(comparisons, ignore_index=True)
    old = any(not _NEEDED <= set(comparison) for comparison in comparisons)
    if old or len(table[["dataset", "plan"]].drop_duplicates()) > 1:
        raise DataError(
            "the stages were not all run on the same photographs with the same "
            "settings: run `kedro run --pipeline=tune` first (with the same --env and "
            "--params); what is trained already is not trained again."
        )
    published = [
        paper.get(stage, {}).get(variant, {})
        for stage, variant in zip(table["stage"], table["variant"], strict=True)
    ]
    for position, split in enumerate(("train", "test")):
        figures = [figure.get(split) for figure in published]
        values = pd.Series(figures, dtype="float64") / 100
        table.insert(3 + position, f"paper_{split}", values)
    return table


def gather_classes(*tables: pd.DataFrame) -> pd.DataFrame:
    """Precision, recall and F1 of every variant and class of the study."""
    return pd.concat(tables, ignore_index=True)


def list_predictions(final: Trial, ledger: pd.DataFrame) -> pd.DataFrame:
    """The final model's answer to every test photograph, with the photograph's path.

    Returns:
        A row a photograph: path, group_id, photo_id, copy, label, predicted, correct,
        confidence (probability of the answer, from 0 to 1) and a probability a class.
    """
    table = final.predictions.assign(confidence=confidence(final.predictions))
    kept = ledger[ledger["status"] == "kept"].set_index("photo_id")
    table = table.join(kept[["path", "group_id"]], on="photo_id")
    first = ["path", "group_id", "photo_id", "copy", "label", "predicted", "correct"]
    first.append("confidence")
    return table[[*first, *table.columns.drop(first)]]


def write_leaderboard(leaderboard: pd.DataFrame, final: Trial) -> str:
    """The leaderboard as a Markdown page, which is also printed."""
    table = leaderboard[["stage", "variant"]].copy()
    for split in ("train", "test"):
        table[f"paper {split}"] = leaderboard[f"paper_{split}"].map(_percent)
    for split in SPLITS:
        table[split] = leaderboard[f"{split}_accuracy"].map(_percent)
        if (leaderboard["seeds"] > 1).any():
            spread = leaderboard[f"{split}_spread"].map(_percent)
            table[split] += (" ± " + spread).where(spread != "", "")
    interval = leaderboard["test_low"].map(_percent) + " to "
    interval += leaderboard["test_high"].map(_percent)
    table["95 % interval"] = interval.where(leaderboard["test_low"].notna(), "")
    table["test loss"] = leaderboard["test_loss"].map("{:.3f}".format)
    table["against the winner"] = leaderboard["against_winner"]
    table["ended"] = leaderboard["ended"]
    table["winner"] = leaderboard["winner"].map({True: "yes", False: ""})
    text = table.to_markdown(index=False, disable_numparse=True)
    protocol = final.result.assignment.protocol
    label = "" if protocol.honest else f" ({protocol.words})"
    _log.info("Accuracies in percent%s%s:\n%s", _of_seeds(leaderboard), label, text)
    introduction = _introduction(final, _of_seeds(leaderboard))
    return f"# Leaderboard{label}\n\n{introduction}\n\n{text}\n"


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
    return [
        Mistake(
            path=row.path,
            label=row.label,
            predicted=row.predicted,
            confidence=row.confidence,
            image=image,
            overlay=lay_over(decoded, np.asarray(speaks)),
        )
        for row, image, decoded, speaks in zip(
            wrong.itertuples(), images, pixels, maps, strict=True
        )
    ]


def describe_study(
    leaderboard: pd.DataFrame,
    by_class: pd.DataFrame,
    published: pd.DataFrame,
    final: Trial,
    augment: AugmentParameters,
) -> list[Section]:
    """What the report says of the variants: found, compared, what they cost."""
    return [
        sections.answer(leaderboard, final),
        sections.stages(leaderboard, by_class, published, final),
        sections.costs(leaderboard, final, augment.copies),
        sections.limits(leaderboard, final),
    ]


def write_report(
    study: list[Section], photographs: Section, model: Section, origin: Section
) -> str:
    """The whole report as one HTML page."""
    found, stages, costs, limits = study
    parts = [found, photographs, stages, model, costs, origin, limits]
    _log.info(
        "The report stands in data/08_reporting/report.html: open it in a browser"
    )
    return render_page("Which variant won, and how sure is that?", parts)


def describe_origin(
    command: str, final: Trial, augmented: AugmentedVersions, parameters: dict[str, Any]
) -> Section:
    """What the report says of how to make the same again."""
    dataset = augmented.version(final.result.dataset).description
    return sections.origin(command, final, dataset, parameters)


def track_report(
    page: str,
    leaderboard: pd.DataFrame,
    leaderboard_page: str,
    final: Trial,
    tracking: Tracking,
) -> None:
    """Keep report, leaderboard and charts with the study's run in MLflow."""

    def draw() -> dict[str, Figure]:
        names = ("learning_curves.png", "confusion_matrix.png", "calibration.png")
        charts = dict(zip(names, draw_final_model(final), strict=True))
        return {"study.png": draw_study(leaderboard, final), **charts}

    texts = {
        "report.html": page,
        "leaderboard.csv": leaderboard.to_csv(index=False),
        "leaderboard.md": leaderboard_page,
    }
    tracking.keep_report(final.result, texts, draw, leaderboard_page)


def _of_seeds(leaderboard: pd.DataFrame) -> str:
    seeds = leaderboard["seeds"].max()
    return f", mean ± standard deviation of {seeds} seeds" if seeds > 1 else ""


def _introduction(final: Trial, of_seeds: str) -> str:
    result = final.result
    protocol = result.assignment.protocol
    return (
        f"{protocol.unit.capitalize()}: {result.train.photographs} to train on, "
        f"{result.validation.photographs} for validation, {result.test.photographs} "
        f"for test; winners are chosen on {protocol.choose_on}. "
        f"Classes: {', '.join(result.classes)}. "
        f"Dataset {result.dataset[:12]}. Accuracies in percent{of_seeds}, of the "
        f"restored weights on the {protocol.unit} themselves; the paper's are "
        "Turihohabwe et al. (2025), on other photographs."
    )


def _percent(value: float) -> str:
    return "" if pd.isna(value) else f"{100 * value:.1f}"
