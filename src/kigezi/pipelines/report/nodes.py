"""Nodes of the report pipeline."""

import logging

import pandas as pd
from matplotlib.figure import Figure

from kigezi.choosing import result_row
from kigezi.errors import DataError
from kigezi.plots import plot_confusion, plot_curves, plot_study
from kigezi.records import SPLITS, Trial

_log = logging.getLogger(__name__)

Paper = dict[str, dict[str, dict[str, float]]]


def build_leaderboard(
    paper: Paper, final: Trial, *comparisons: pd.DataFrame
) -> pd.DataFrame:
    """Every variant in the order of the study, the paper's figures beside ours.

    Args:
        paper: Train and test accuracy in percent, by stage and variant.
        final: The study's model.
        comparisons: One table a stage, a row a variant.

    Returns:
        A row a variant; accuracies are fractions from 0 to 1.

    Raises:
        DataError: The stages belong to different studies.
    """
    last = pd.DataFrame([result_row(final.result, winner=True)])
    table = pd.concat([*comparisons, last], ignore_index=True)
    if len(table[["dataset", "plan"]].drop_duplicates()) > 1:
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
    table["test loss"] = leaderboard["test_loss"].map("{:.3f}".format)
    table["ended"] = leaderboard["ended"]
    table["winner"] = leaderboard["winner"].map({True: "yes", False: ""})
    text = table.to_markdown(index=False, disable_numparse=True)
    _log.info("Accuracies in percent%s:\n%s", _of_seeds(leaderboard), text)
    introduction = _introduction(final, _of_seeds(leaderboard))
    return f"# Leaderboard\n\n{introduction}\n\n{text}\n"


def draw_study(leaderboard: pd.DataFrame, final: Trial) -> Figure:
    """Test accuracy of every variant, a panel a stage."""
    count = final.result.test.photographs
    return plot_study(leaderboard, f"{count} test photographs")


def draw_final_model(final: Trial) -> tuple[Figure, Figure]:
    """Learning curves and confusion matrix of the study's model."""
    result = final.result
    name = result.assignment.variant.replace("_", " ")
    curves = plot_curves(result.history, result.best_epoch, name)
    title = f"{name}, {result.test.photographs} test photographs"
    return curves, plot_confusion(final.predictions, result.classes, title)


def _of_seeds(leaderboard: pd.DataFrame) -> str:
    seeds = leaderboard["seeds"].max()
    return f", mean ± standard deviation of {seeds} seeds" if seeds > 1 else ""


def _introduction(final: Trial, of_seeds: str) -> str:
    result = final.result
    return (
        f"Photographs: {result.train.photographs} to train on, "
        f"{result.validation.photographs} to choose the winners, "
        f"{result.test.photographs} to judge; classes: {', '.join(result.classes)}. "
        f"Dataset {result.dataset[:12]}. Accuracies in percent{of_seeds}, of the "
        "restored weights on the photographs themselves; the paper's are Turihohabwe "
        "et al. (2025), on other photographs."
    )


def _percent(value: float) -> str:
    return "" if pd.isna(value) else f"{100 * value:.1f}"
