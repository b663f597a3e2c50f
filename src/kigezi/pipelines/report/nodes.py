"""Nodes of the report pipeline that make its tables."""

import logging

import pandas as pd

from kigezi.errors import DataError
from kigezi.records import SPLITS, Trial
from kigezi.statistics.measures import confidence

_log = logging.getLogger(__name__)

Paper = dict[str, dict[str, dict[str, float]]]

_NEEDED = {"test_low", "protocol"}
"""columns that tables of an earlier version of the project do not have"""


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
