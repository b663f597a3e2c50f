"""Photographs in rows, each with what there is to say of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_FLAGGED, _PLAIN = "#b30000", "#969696"
_LONGEST = 30
"""characters of a line that fit above a photograph"""


@dataclass(frozen=True)
class Picture:
    """One photograph and the lines above it."""

    pixels: npt.NDArray[np.uint8]
    """(height, width, 3) RGB"""
    lines: tuple[str, ...]
    flagged: bool


def plot_grid(rows: Mapping[str, Sequence[Picture]]) -> Figure:
    """A row for each kind; flagged photographs stand in a red frame.

    Args:
        rows: Pictures by the title of their row, which is left out if it has none.
    """
    rows = {title: pictures for title, pictures in rows.items() if pictures}
    widest = max(len(pictures) for pictures in rows.values())
    size = (1 + 2.1 * widest, 0.6 + 2.5 * len(rows))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(rows), widest, squeeze=False)
    for axes, (title, pictures) in zip(panels, rows.items(), strict=True):
        axes[0].set_ylabel(title)
        for place, one in enumerate(axes):
            one.set(xticks=[], yticks=[])
            if place < len(pictures):
                _draw(one, pictures[place])
            else:
                one.axis("off")
    figure.suptitle("The worst of each kind, and how many are flagged (red frames)")
    return figure


def _draw(axes: Axes, picture: Picture) -> None:
    color = _FLAGGED if picture.flagged else _PLAIN
    axes.imshow(picture.pixels)
    axes.set_title(
        "\n".join(map(_shorten, picture.lines)),
        fontsize=7,
        color=color if picture.flagged else "black",
        parse_math=False,
    )
    for spine in axes.spines.values():
        spine.set(color=color, linewidth=3 if picture.flagged else 1)


def _shorten(text: str) -> str:
    """The end of a long line, which tells photographs apart."""
    return text if len(text) <= _LONGEST else f"…{text[-_LONGEST + 1 :]}"
