"""The list of photographs with what a person should look at, and the worst of them."""

import numpy as np
import numpy.typing as npt
import pandas as pd

KINDS = {
    "blurred": ("sharpness", True),
    "dark": ("brightness", True),
    "bright": ("brightness", False),
    "clipped": ("clipped", False),
    "odd_size": ("height", True),
    "doubtful_label": ("label_probability", True),
}
"""By flag, the figure to look at, and whether small values are the worst ones."""

_ONLY_FLAGGED = "odd_size"
"""The smallest of photographs of usual sizes would say nothing."""

_FIGURES = {"sharpness": 1, "brightness": 3, "clipped": 3}
"""Decimals that are kept."""


def list_photographs(
    measures: pd.DataFrame,
    flags: pd.DataFrame,
    probabilities: npt.NDArray[np.float64],
) -> pd.DataFrame:
    """Every photograph with its figures and its flags, flagged ones first.

    Args:
        measures: A row a photograph: path, label, width, height and figures.
        flags: The same rows, a column of booleans for each of `KINDS`.
        probabilities: (photographs, classes), classes sorted, out of fold.

    Returns:
        A row a photograph. `flags` are names of `KINDS` with blanks between, and
        `suggested_label` is empty where the label is not doubtful.
    """
    names, labels = np.unique(measures["label"].to_numpy(str), return_inverse=True)
    table = measures[["path", "label", "width", "height", *_FIGURES]].round(_FIGURES)
    given = probabilities[np.arange(len(labels)), labels]
    suggested = names[probabilities.argmax(axis=1)]
    table = table.assign(
        label_probability=given.round(4),
        suggested_label=np.where(flags["doubtful_label"], suggested, ""),
        flags=[" ".join(flags.columns[row]) for row in flags.to_numpy(bool)],
    )
    unflagged = table["flags"] == ""
    table = table.assign(unflagged=unflagged).sort_values(["unflagged", "path"])
    return table.drop(columns="unflagged").reset_index(drop=True)


def flagged(table: pd.DataFrame, kind: str) -> pd.Series:
    """Which rows of the list have a flag."""
    return table["flags"].map(lambda flags: kind in flags.split())


def worst(table: pd.DataFrame, kind: str, count: int) -> pd.DataFrame:
    """The rows to show of a kind: flagged ones first, then those nearest to a flag.

    Args:
        table: As `list_photographs` makes it.
        kind: One of `KINDS`.
        count: How many rows at most.

    Returns:
        The rows with a column `flagged`.
    """
    figure, small_is_worse = KINDS[kind]
    ordered = table.assign(flagged=flagged(table, kind)).sort_values(
        ["flagged", figure, "path"], ascending=[False, small_is_worse, True]
    )
    if kind == _ONLY_FLAGGED:
        ordered = ordered[ordered["flagged"]]
    return ordered.head(count)


def describe(kind: str, row: pd.Series) -> str:
    """The figure of a photograph that a kind is about."""
    figure, _ = KINDS[kind]
    if kind == "odd_size":
        return f"{row['width']} x {row['height']} px"
    if kind == "doubtful_label":
        other = row["suggested_label"]
        return f"{100 * row[figure]:.0f} %" + (f", or {other}?" if other else "")
    return f"{figure} {row[figure]:g}"
