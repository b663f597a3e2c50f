"""Figures of single variants and of the study, without any global plotting state."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from sklearn.metrics import ConfusionMatrixDisplay

from kigezi.records import Epoch, Trial, TrialResult

_FEW = 30
"""Classes whose confusion matrix can hold a number in each cell."""

TRAIN, HELD_OUT, PAPER = "#8c6bb1", "#238b45", "#969696"


def plot_curves(
    history: Sequence[Epoch],
    best_epoch: int | None,
    title: str,
    *,
    narrow: bool = False,
) -> Figure:
    """Loss and accuracy by epoch, with the epoch whose weights were kept.

    Args:
        history: The epochs.
        best_epoch: The one that was kept, if there is one.
        title: Stands above.
        narrow: One below the other, for a phone, instead of side by side.
    """
    size, shape = ((5.5, 6), (2, 1)) if narrow else ((9, 3.6), (1, 2))
    figure = Figure(figsize=size, layout="constrained")
    epochs = [epoch.epoch for epoch in history]
    for axes, name in zip(figure.subplots(*shape), ("accuracy", "loss"), strict=True):
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
    """Curves and confusion matrix of one variant, by file name, as far as it came."""
    result, predictions = trial.result, trial.predictions
    title = f"{result.assignment.name}: {result.summary}"
    figures = {}
    if result.history:
        curves = plot_curves(result.history, result.best_epoch, title)
        figures["curves.png"] = curves
    if len(predictions):
        of_test = f"{title}, {test_set(result)}"
        confusion = plot_confusion(predictions, result.classes, of_test)
        figures["confusion_matrix.png"] = confusion
    return figures


def test_set(result: TrialResult) -> str:
    """What test figures are of, and a second line where they are not honest."""
    protocol = result.assignment.protocol
    of = f"{result.test.photographs} test {protocol.unit}"
    return of if protocol.honest else f"{of}\n{protocol.words}"


def plot_study(leaderboard: pd.DataFrame, title: str) -> Figure:
    """Test accuracy of every variant, a panel a stage, with the paper's beside it.

    Args:
        leaderboard: Columns stage, variant, test_accuracy, test_low, test_high,
            paper_test (fractions from 0 to 1) and winner (bool).
    """
    stages = list(leaderboard.groupby("stage", sort=False))
    heights = [len(rows) for _, rows in stages]
    figure = Figure(figsize=(8, 1.6 + 0.42 * sum(heights)), layout="constrained")
    panels = figure.subplots(
        len(stages), 1, sharex=True, squeeze=False, height_ratios=heights
    )
    for axes, (stage, rows) in zip(panels.flat, stages, strict=True):
        _draw_stage(axes, rows)
        axes.set_title(stage, loc="left", fontsize=10)
    panels.flat[-1].set(xlabel="test accuracy", xlim=_range(leaderboard))
    figure.suptitle(
        f"{title}\nours with 95 % intervals (winner filled), the paper's as diamonds"
    )
    return figure


def plot_stage(rows: pd.DataFrame) -> Figure:
    """The same for one stage, narrow enough for a phone."""
    figure = Figure(figsize=(5.5, 0.7 + 0.32 * len(rows)), layout="constrained")
    axes = figure.subplots()
    _draw_stage(axes, rows)
    axes.set(xlabel="test accuracy", xlim=_range(rows))
    return figure


def plot_calibration(curve: pd.DataFrame) -> Figure:
    """Accuracy against confidence; larger dots stand for more photographs.

    Args:
        curve: From `kigezi.statistics.measures.calibration_curve`.
    """
    figure = Figure(figsize=(4.5, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.6", ls=":", label="as sure as right")
    sizes = 15 + 300 * curve["photographs"] / curve["photographs"].sum()
    axes.plot(curve["confidence"], curve["accuracy"], color=HELD_OUT, lw=1)
    axes.scatter(curve["confidence"], curve["accuracy"], sizes, color=HELD_OUT)
    axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1.03), ylim=(0, 1.03))
    axes.legend(loc="upper left")
    axes.grid(alpha=0.3)
    return figure


def plot_search(table: pd.DataFrame) -> Figure:
    """Depth against learning rate of every recipe, coloured by validation accuracy.

    Args:
        table: Columns unfreeze, learning_rate, validation_accuracy (fraction), ended
            and winner; the last row is the model that the stages found.
    """
    tried, stages = table.iloc[:-1], table.iloc[-1]
    depths = sorted(table["unfreeze"].astype(str).unique(), key=_depth)
    places = tried["unfreeze"].astype(str).map(depths.index)
    figure = Figure(figsize=(7.5, 1.8 + 0.45 * len(depths)), layout="constrained")
    axes = figure.subplots()
    ended = tried["ended"].str.startswith("pruned")
    for chosen, marker in ((~ended, "o"), (ended, "X")):
        points = axes.scatter(
            tried.loc[chosen, "learning_rate"],
            places[chosen],
            90,
            c=tried.loc[chosen, "validation_accuracy"],
            vmin=tried["validation_accuracy"].min(),
            vmax=tried["validation_accuracy"].max(),
            marker=marker,
            edgecolors="0.3",
        )
    best = tried[tried["winner"]]
    for rows, color, label in (
        (best, "#d95f0e", "best"),
        (table.iloc[[-1]], "black", "the stages' model"),
    ):
        where = rows["unfreeze"].astype(str).map(depths.index)
        axes.scatter(
            rows["learning_rate"],
            where,
            260,
            facecolors="none",
            edgecolors=color,
            lw=2,
            label=label,
        )
    figure.colorbar(points, ax=axes, label="validation accuracy")
    axes.set_yticks(range(len(depths)), depths)
    axes.set(xscale="log", xlabel="learning rate", ylabel="unfreeze")
    axes.set(ylim=(-0.6, len(depths) - 0.4))
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    figure.suptitle(f"{len(tried)} recipes; crosses were pruned\n{stages['protocol']}")
    return figure


def _depth(unfreeze: str) -> float:
    return float({"none": 0, "all": np.inf}.get(unfreeze, unfreeze))


def _draw_stage(axes: Axes, rows: pd.DataFrame) -> None:
    """A line a variant: accuracy with its interval, and the paper's."""
    places = np.arange(len(rows))[::-1]
    accuracy = rows["test_accuracy"]
    axes.errorbar(
        accuracy, places, xerr=_to_either_side(rows), fmt="none", ecolor=HELD_OUT, lw=2
    )
    fill = np.where(rows["winner"], HELD_OUT, "white")
    axes.scatter(accuracy, places, 55, c=fill, edgecolors=HELD_OUT, lw=2, zorder=3)
    axes.scatter(rows["paper_test"], places, 40, color=PAPER, marker="D", zorder=2)
    axes.set_yticks(places, rows["variant"])
    axes.set(ylim=(-0.6, len(rows) - 0.4))
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(axis="x", alpha=0.3)


def _range(rows: pd.DataFrame) -> tuple[float, float]:
    """Accuracies that hold all dots and intervals, from a multiple of 10 %."""
    lowest = rows[["test_low", "paper_test"]].min(axis=None)
    return (0.0 if np.isnan(lowest) else np.floor(10 * lowest) / 10), 1.01


def _to_either_side(rows: pd.DataFrame) -> list[pd.Series]:
    """Lengths of the error bars below and above."""
    accuracy = rows["test_accuracy"]
    return [accuracy - rows["test_low"], rows["test_high"] - accuracy]


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
