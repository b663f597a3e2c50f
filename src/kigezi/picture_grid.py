"""Photographs in rows, each with what there is to say of it, for a person to judge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_FLAGGED, _PLAIN = "#b30000", "#969696"
_LONGEST = 30
"""characters of a line that fit above a photograph"""
_INCHES = 1.95
"""side of a photograph"""
_HEADING = 0.4
"""inches of a heading and of the title"""


@dataclass(frozen=True)
class Picture:
    """One photograph and the lines above it."""

    pixels: npt.NDArray[np.uint8]
    """(height, width, 3) RGB"""
    lines: tuple[str, ...]
    flagged: bool = False
    """whether it stands in a red frame"""


def plot_grid(
    sections: Mapping[str, Sequence[Picture]], columns: int, title: str
) -> Figure:
    """Rows of photographs under headings.

    Args:
        sections: Pictures by heading; a heading may have none.
        columns: Pictures beside each other.
        title: Stands above everything.
    """
    rows = [-(-len(pictures) // columns) for pictures in sections.values()]
    lines = max(
        (len(one.lines) for each in sections.values() for one in each), default=0
    )
    heights = [_HEADING + count * (_INCHES + 0.12 * lines) for count in rows]
    size = (0.2 + _INCHES * columns, _HEADING + sum(heights))
    figure = Figure(figsize=size, layout="constrained", dpi=100)
    figure.suptitle(title, fontsize=12)
    parts = figure.subfigures(len(sections), 1, height_ratios=heights, squeeze=False)
    for part, (heading, pictures), count in zip(
        parts.flat, sections.items(), rows, strict=True
    ):
        part.suptitle(heading, fontsize=11)
        places = part.subplots(max(1, count), columns, squeeze=False).ravel()
        for place, axes in enumerate(places):
            if place < len(pictures):
                _draw(axes, pictures[place])
            else:
                axes.axis("off")
    return figure


def _draw(axes: Axes, picture: Picture) -> None:
    color = _FLAGGED if picture.flagged else _PLAIN
    axes.imshow(picture.pixels)
    axes.set(xticks=[], yticks=[])
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
