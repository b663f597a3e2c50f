import numpy as np
import pandas as pd

from kigezi.photos.listing import KINDS, describe, flagged, list_photographs, worst

MEASURES = pd.DataFrame(
    {
        "path": ["a/1", "a/2", "b/3", "b/4"],
        "label": ["a", "a", "b", "b"],
        "width": 40,
        "height": [30, 30, 30, 10],
        "sharpness": [9.87, 50, 3, 70],
        "brightness": 0.51239,
        "clipped": 0.0,
    }
)
PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6]])


def _table() -> pd.DataFrame:
    flags = pd.DataFrame(False, MEASURES.index, list(KINDS))
    flags.loc[3, "odd_size"] = flags.loc[1, "doubtful_label"] = True
    flags.loc[1, "blurred"] = True
    return list_photographs(MEASURES, flags, PROBABILITIES)


def test_flagged_photographs_come_first_and_none_is_left_out() -> None:
    table = _table()
    assert table["path"].tolist() == ["a/2", "b/4", "a/1", "b/3"]
    assert table["flags"].tolist() == ["blurred doubtful_label", "odd_size", "", ""]
    assert table["label_probability"].tolist() == [0.2, 0.6, 0.9, 0.7]
    assert table["suggested_label"].tolist() == ["b", "", "", ""]
    assert table["sharpness"].tolist() == [50, 70, 9.9, 3]


def test_the_worst_are_the_flagged_ones_and_then_the_nearest() -> None:
    shown = worst(_table(), "blurred", 3)
    assert shown["path"].tolist() == ["a/2", "b/3", "a/1"]
    assert shown["flagged"].tolist() == [True, False, False]
    assert worst(_table(), "odd_size", 3)["path"].tolist() == ["b/4"]
    assert flagged(_table(), "doubtful_label").sum() == 1


def test_what_is_said_of_a_photograph() -> None:
    table = _table()
    said = [describe(kind, table.iloc[0]) for kind in ("blurred", "doubtful_label")]
    assert said == ["sharpness 50", "20 %, or b?"]
    assert describe("odd_size", table.iloc[1]) == "40 x 10 px"
