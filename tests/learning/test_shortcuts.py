from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import ImageOps

from kigezi.learning.shortcuts import (
    BORDER,
    FILE,
    NOTHING,
    WHOLE,
    predict_from_each,
    tabulate_shortcuts,
)
from kigezi.photos.inspecting import describe_border
from tests.pictures import picture

COUNT = 90
LABELS = np.arange(COUNT) % 3
RANDOM = np.random.default_rng(0).integers(0, 3, COUNT)
COLORS = ("#303030", "#705050", "#b0b0c0")


def _measures(**columns: Any) -> pd.DataFrame:
    noise = np.random.default_rng(1).integers(5000, 9000, COUNT)
    plain = {
        "label": pd.Series(["a", "b", "c"])[LABELS].to_numpy(),
        "group_id": [f"group{number}" for number in range(COUNT)],
        "bytes": noise,
        "bytes_per_pixel": noise / 40_000,
        "width": 200,
        "height": 200,
        "hour": np.nan,
        "day": np.nan,
        **{"format": "JPEG", "mode": "RGB", "camera": ""},
    }
    return pd.DataFrame({**plain, **columns})


def _borders(frames: np.ndarray) -> np.ndarray:
    """Photographs of 40 px that differ, each in a frame of one of three colours."""
    pictures = (
        ImageOps.expand(picture(seed, (32, 32)), 4, COLORS[frame])
        for seed, frame in enumerate(frames)
    )
    return np.stack([describe_border(one) for one in pictures])


def _table(measures: pd.DataFrame, frames: np.ndarray) -> pd.DataFrame:
    features = np.random.default_rng(2).normal(size=(COUNT, 10)) + 5 * LABELS[:, None]
    predictions = predict_from_each(measures, _borders(frames), features, 5, seed=3)
    return tabulate_shortcuts(measures, predictions).set_index("seen")


def test_a_frame_that_tells_the_class_is_found() -> None:
    table = _table(_measures(), LABELS)
    assert list(table.index) == [WHOLE, BORDER, FILE, NOTHING]
    assert table.at[BORDER, "accuracy"] > 0.95
    assert table.at[WHOLE, "accuracy"] > 0.95
    assert table.at[FILE, "low"] < table.at[NOTHING, "accuracy"]


def test_random_frames_are_no_shortcut() -> None:
    table = _table(_measures(), RANDOM)
    assert table.at[BORDER, "low"] < table.at[NOTHING, "accuracy"]
    assert table.at[BORDER, "accuracy"] < 0.5


@pytest.mark.parametrize(
    "columns",
    [
        {"width": 200 + 20 * LABELS},
        {"camera": pd.Series(["Canon", "", "Nikon"])[LABELS].to_numpy()},
        {"day": np.where(LABELS == 1, np.nan, 738_000 + 3 * LABELS)},
        {"bytes": 5000 + 900 * LABELS},
    ],
    ids=lambda columns: next(iter(columns)),
)
def test_files_that_tell_the_class_are_found(columns: dict[str, Any]) -> None:
    table = _table(_measures(**columns), RANDOM)
    assert table.at[FILE, "accuracy"] > 0.95


def test_the_same_seed_gives_the_same_table() -> None:
    first, again = (_table(_measures(), RANDOM) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
