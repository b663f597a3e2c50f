import io

import numpy as np

from kigezi.picture_grid import Picture, plot_grid


def _picture(name: str, flagged: bool) -> Picture:
    return Picture(np.zeros((4, 6, 3), np.uint8), (name, "a $class_"), flagged)


def test_each_kind_is_a_row_and_none_is_empty() -> None:
    long = "folder/" + 40 * "x" + "_7.jpg"
    rows = {"dark: 1": [_picture(long, True), _picture("b", False)], "odd: 0": []}
    figure = plot_grid({**rows, "label: 1": [_picture("c", True)]})
    assert [axes.get_ylabel() for axes in figure.axes] == [
        "dark: 1",
        "",
        "label: 1",
        "",
    ]
    title = figure.axes[0].get_title()
    assert title.startswith("…x")
    assert title.endswith("_7.jpg\na $class_")
    assert "7.jpg" in title
    figure.savefig(io.BytesIO(), format="png", dpi=30)
