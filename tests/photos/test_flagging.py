from typing import Any

import numpy as np
import pandas as pd
import pytest

from kigezi.photos.flagging import flag_photographs
from tests.pictures import quality_parameters


def _measures(count: int = 40, **changes: Any) -> pd.DataFrame:
    """Ordinary photographs of two classes; a change is that of the first one."""
    wave = np.sin(np.arange(count))
    measures = pd.DataFrame(
        {
            "label": ["a", "b"] * (count // 2),
            "width": 400,
            "height": 300,
            "sharpness": 500.0 + 50 * wave,
            "brightness": 0.5 + 0.02 * wave,
            "clipped": 0.01,
        }
    )
    for name, value in changes.items():
        measures[name] = measures[name].mask(measures.index == 0, value)
    return measures


def _flagged(measures: pd.DataFrame, **changes: Any) -> dict[str, list[int]]:
    flags = flag_photographs(measures, quality_parameters(**changes))
    return {
        kind: list(np.flatnonzero(flags[kind])) for kind in flags if any(flags[kind])
    }


def test_ordinary_photographs_are_not_flagged() -> None:
    assert _flagged(_measures()) == {}


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"sharpness": 60}, "blurred"),
        ({"brightness": 0.25}, "dark"),
        ({"brightness": 0.75}, "bright"),
        ({"clipped": 0.25}, "clipped"),
        ({"width": 900}, "odd_size"),
        ({"width": 40, "height": 30}, "odd_size"),
    ],
)
def test_an_outlier_is_flagged(change: dict[str, Any], kind: str) -> None:
    assert _flagged(_measures(**change)) == {kind: [0]}


@pytest.mark.parametrize(
    "change",
    [
        {"sharpness": 2000},
        {"width": 300, "height": 400},
        {"width": 420},
        {"clipped": 0},
        {"clipped": 0.05},
    ],
)
def test_a_difference_that_does_no_harm_is_not(change: dict[str, Any]) -> None:
    assert _flagged(_measures(**change)) == {}


@pytest.mark.parametrize(
    ("figure", "value", "bound", "kind"),
    [
        ("sharpness", 2.0, "least_sharpness", "blurred"),
        ("brightness", 0.05, "least_brightness", "dark"),
        ("brightness", 0.99, "most_brightness", "bright"),
        ("clipped", 0.9, "most_clipped", "clipped"),
    ],
)
def test_a_bound_holds_where_all_are_alike(
    figure: str, value: float, bound: str, kind: str
) -> None:
    measures = _measures().assign(**{figure: value})
    assert _flagged(measures) == {kind: list(range(40))}
    assert _flagged(measures, **{bound: None}) == {}


def test_a_class_is_compared_with_itself_or_with_all() -> None:
    measures = _measures()
    measures.loc[measures["label"] == "b", "brightness"] -= 0.1
    measures.loc[0, "brightness"] = 0.2
    assert _flagged(measures) == {"dark": [0]}
    assert _flagged(measures, compared_with="dataset") == {}


def test_a_small_class_is_compared_with_all() -> None:
    measures = _measures()
    measures.loc[:2, "label"] = "rare"
    measures.loc[:2, "sharpness"] = 50
    assert _flagged(measures) == {"blurred": [0, 1, 2]}


def test_the_size_of_a_second_camera_is_not_odd() -> None:
    measures = _measures()
    measures.loc[:9, ["width", "height"]] = [4000, 2000]
    assert _flagged(measures) == {}
    assert _flagged(measures, rare_size=0.3) == {"odd_size": list(range(10))}
