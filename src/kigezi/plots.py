"""Figures of single variants and of the study, without any global plotting state."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import ConfusionMatrixDisplay

from kigezi.records import Epoch, Trial

_FEW = 30
"""Classes whose confusion matrix can hold a number in each cell."""

TRAIN, HELD_OUT, PAPER = "#8c6bb1", "#238b45", "#bdbdbd"


def plot_curves(history: Sequence[Epoch], best_epoch: int | None, title: str) -> Figure:
    """Loss and accuracy by epoch, with the epoch whose weights were kept."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    epochs = [epoch.epoch for epoch in history]
    for axes, name in zip(figure.subplots(1, 2), ("accuracy", "loss"), strict=True):
        for split, color in (("train", TRAIN), ("validation", HELD_OUT)):
            values = [getattr(epoch, f"{split}_{name}") for epoch in history]
            axes.plot(epochs, values, marker="o", ms=3, color=color, label=split)
        if best_epoch is not None:
            axes.axvline(best_epoch, color="0.6", ls=":", label="kept")
        axes.set(xlabel="epoch", ylabel=name)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
    figure.axes[0].legend()
    figure.suptitle(title)
    return figure


def plot_confusion(
    predictions: pd.DataFrame, classes: Sequence[str], title: str
) -> Figure:
    """How many photographs of each class were given which answer."""
    few = len(classes) <= _FEW
    side = 2.6 + (0.55 if few else 0.14) * len(classes)
    figure = Figure(figsize=(side + 1.2, side), layout="constrained")
    answers = predictions["predicted"]
    names = [*classes, *sorted(set(answers) - set(classes))]
    ConfusionMatrixDisplay.from_predictions(
        predictions["label"],
        answers,
        labels=names,
        ax=figure.subplots(),
        cmap="Greens",
        colorbar=False,
        include_values=few,
        xticks_rotation=(45 if len(classes) > 2 else 0) if few else 90,
    )
    if not few:
        figure.axes[0].tick_params(labelsize=6)
    figure.suptitle(title)
    return figure


def plot_trial(trial: Trial) -> dict[str, Figure]:
    """Curves and confusion matrix of one variant, by file name; none if it failed."""
    result = trial.result
    if result.status == "failed":
        return {}
    title = f"{result.assignment.name}: {result.summary}"
    of_test = f"{title}, {result.test.photographs} test photographs"
    return {
        "curves.png": plot_curves(result.history, result.best_epoch, title),
        "confusion_matrix.png": plot_confusion(
            trial.predictions, result.classes, of_test
        ),
    }


def plot_study(leaderboard: pd.DataFrame, title: str) -> Figure:
    """Test accuracy of every variant, a panel a stage, with the paper's beside it.

    Args:
        leaderboard: Columns stage, variant, test_accuracy, test_standard_error,
            paper_test (fractions from 0 to 1) and winner (bool).
    """
    stages = list(leaderboard.groupby("stage", sort=False))
    heights = [len(rows) for _, rows in stages]
    figure = Figure(figsize=(8, 1.2 + 0.42 * sum(heights)), layout="constrained")
    panels = figure.subplots(
        len(stages), 1, sharex=True, squeeze=False, height_ratios=heights
    )
    for axes, (stage, rows) in zip(panels.flat, stages, strict=True):
        places = np.arange(len(rows))[::-1]
        colors = np.where(rows["winner"], "#238b45", "#a1d99b")
        axes.barh(places + 0.18, rows["test_accuracy"], 0.36, color=colors)
        axes.errorbar(
            rows["test_accuracy"],
            places + 0.18,
            xerr=1.96 * rows["test_standard_error"],
            fmt="none",
            ecolor="0.1",
            capsize=2,
        )
        axes.barh(places - 0.18, rows["paper_test"], 0.36, color=PAPER)
        axes.set_yticks(places, rows["variant"])
        axes.set_title(stage, loc="left", fontsize=10)
        axes.grid(axis="x", alpha=0.3)
    panels.flat[-1].set(xlim=(0, 1), xlabel="test accuracy")
    figure.suptitle(f"{title}\nours (winner dark, bars of 95 %) and the paper's (grey)")
    return figure


def plot_leakage(scores: pd.DataFrame, differences: pd.DataFrame) -> Figure:
    """Accuracy and loss of every run, a line a seed, and what splitting flatters.

    Args:
        scores: Columns way, seed, scored_on, accuracy (fraction) and loss.
        differences: From `kigezi.flattery.paired_differences`.
    """
    figure = Figure(figsize=(9, 7), layout="constrained")
    panels = figure.subplots(2, 2)
    for row, (scored_on, chosen) in zip(
        panels, scores.groupby("scored_on", sort=False), strict=True
    ):
        for axes, name in zip(row, ("accuracy", "loss"), strict=True):
            by_way = chosen.pivot(index="way", columns="seed", values=name)
            by_way = by_way.loc[chosen["way"].unique()]
            axes.plot(by_way.index, by_way, marker="o", color="0.6", lw=1)
            axes.plot(
                by_way.index, by_way.mean(axis=1), "_", color=HELD_OUT, ms=40, mew=3
            )
            axes.set(xlabel="split by", ylabel=f"test {name}")
            axes.set_title(f"scored on {scored_on}", fontsize=10)
            axes.margins(x=0.2)
            axes.grid(axis="y", alpha=0.3)
    most = differences[differences["instead_of"] == "groups"].iloc[0]
    figure.suptitle(
        f"Split by {most.way} instead of by {most.instead_of}: accuracy "
        f"{100 * most.accuracy:+.1f} points "
        f"[{100 * most.accuracy_low:+.1f}, {100 * most.accuracy_high:+.1f}] on "
        f"{most.scored_on}\neach line is a seed, each bar a mean"
    )
    return figure
