import io

import numpy as np
import pytest

from kigezi.picture_grid import Picture, plot_grid


def _picture(name: str, flagged: bool = False) -> Picture:
    return Picture(np.zeros((4, 6, 3), np.uint8), (name, "a $class_"), flagged)


def test_sections_have_rows_enough_and_say_what_is_in_them() -> None:
    sections = {"five": [_picture(str(number)) for number in range(5)], "none": []}
    figure = plot_grid(sections, columns=2, title="all")
    assert figure.get_suptitle() == "all"
    assert [part.get_suptitle() for part in figure.subfigs] == ["five", "none"]
    shown = [[one.axison for one in part.axes] for part in figure.subfigs]
    assert shown == [[*[True] * 5, False], [False, False]]


def test_names_are_shortened_and_are_no_formulas() -> None:
    long = "folder/" + 40 * "x" + "_7.jpg"
    figure = plot_grid({"dark": [_picture(long)]}, columns=1, title="")
    title = figure.axes[0].get_title()
    assert title.startswith("…x")
    assert title.endswith("_7.jpg\na $class_")
    figure.savefig(io.BytesIO(), format="png", dpi=30)


@pytest.mark.parametrize("flagged", [True, False])
def test_flagged_ones_stand_in_a_red_frame(flagged: bool) -> None:
    figure = plot_grid({"dark": [_picture("a", flagged)]}, columns=1, title="")
    red, green, *_ = figure.axes[0].spines["left"].get_edgecolor()
    assert (red > 2 * green) == flagged
