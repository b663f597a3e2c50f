import numpy as np
import pandas as pd
import pytest

from kigezi.errors import DataError
from kigezi.exporting.contract import check_budgets, compare_files, list_changes
from kigezi.exporting.runtimes import Answers
from kigezi.schemas import Budgets
from tests.cards import make_doubt

CLASSES = ("dark", "light")
LABELS = np.array([0, 1, 0, 1, 0, 1, 0, 1])
ALONE = np.array([f"p{number}" for number in range(8)])


def _answers(light: list[float], familiarity: float = -1.0) -> Answers:
    """Answers with these probabilities of `light`, the last in the longest time."""
    bright = np.array(light, np.float32)
    return Answers(
        np.stack([1 - bright, bright], axis=1),
        np.full(len(light), familiarity, np.float32),
        np.arange(1.0, len(light) + 1),
    )


BEST = _answers([0.1, 0.9, 0.2, 0.8, 0.4, 0.6, 0.7, 0.9])  # the seventh is wrong
OTHER = _answers([0.1, 0.9, 0.2, 0.3, 0.4, 0.6, 0.4, 0.9])  # the fourth is, instead
ANSWERS = {"keras": BEST, "int8": OTHER}


def _compare(groups: np.ndarray = ALONE, **doubt: float) -> pd.DataFrame:
    files = {"keras": b"k" * 2_000_000, "int8": b"i" * 500_000}
    doubts = dict.fromkeys(files, make_doubt(**doubt))
    table = compare_files(files, ANSWERS, LABELS, groups, doubts)
    return table.set_index("kind")


def test_figures_are_those_of_hand_made_answers() -> None:
    table = _compare(least_confidence=0.65)
    assert table["accuracy"].tolist() == [87.5, 87.5]
    assert table["changed"].tolist() == [0, 2]
    assert table["agreement"].tolist() == [100, 75]
    assert table.loc["int8", "largest_difference"] == pytest.approx(0.5)
    # Of the most probable classes two are below 0.65, and four of the other file.
    assert table["answered"].tolist() == [75, 62.5]
    wrong = [100 / 6, 20]
    assert table["wrong_of_answered"].tolist() == pytest.approx(wrong)
    assert table["megabytes"].tolist() == [2, 0.5]
    assert table["median_ms"].tolist() == [4.5, 4.5]
    assert table["slowest_5_percent_ms"].between(7, 8).all()
    assert table["file"].tolist() == ["model.keras", "model_int8.tflite"]
    assert (table["low"] < 87.5).all() and (table["high"] > 87.5).all()


def test_photographs_of_one_subject_are_less_evidence() -> None:
    # Right or wrong together, so that four subjects are all there is to go by.
    groups = np.array([f"g{number // 2}" for number in (0, 1, 2, 3, 4, 5, 6, 6)])
    alone, together = _compare(), _compare(groups)
    width = alone["high"] - alone["low"]
    assert (together["high"] - together["low"] >= width - 1e-9).all()
    assert together.loc["keras", "accuracy"] == 87.5


def test_where_nothing_is_answered_nothing_is_wrong() -> None:
    table = _compare(least_familiarity=0.0)
    assert table["answered"].tolist() == [0, 0]
    assert table["wrong_of_answered"].isna().all()


def test_changed_answers_are_listed() -> None:
    table = list_changes(ANSWERS, LABELS, ALONE, CLASSES)
    assert table["file"].tolist() == ["model_int8.tflite"] * 2
    assert table["path"].tolist() == ["p3", "p6"]
    assert table[["label", "was", "is"]].to_numpy().tolist() == [
        ["light", "light", "dark"],
        ["dark", "light", "dark"],
    ]
    assert table["was_confidence"].tolist() == pytest.approx([0.8, 0.7])
    assert table["is_confidence"].tolist() == pytest.approx([0.7, 0.6])


def _table(**accuracies: float) -> pd.DataFrame:
    rows = [
        {
            "kind": kind,
            "file": f"file of {kind}",
            "accuracy": accuracy,
            "megabytes": 2.0,
            "median_ms": 8.0,
        }
        for kind, accuracy in accuracies.items()
    ]
    return pd.DataFrame(rows)


def _budgets(
    megabytes: float | None = None, median_ms: float | None = None, **points: float
) -> Budgets:
    return Budgets(points_lost=points, megabytes=megabytes, median_ms=median_ms)


def test_every_file_past_its_budget_is_named() -> None:
    table = _table(keras=90, float32=89, int8=87.4, onnx=90)
    with pytest.raises(DataError) as caught:
        check_budgets(table, _budgets(float32=0.5, int8=2.5))
    said = caught.value.message
    assert (
        "file of float32 loses 1.00 points of accuracy "
        "(export.budgets.points_lost.float32 allows 0.5)"
    ) in said
    assert "int8 loses 2.60 points of accuracy" in said
    assert "points_lost.int8 allows 2.5" in said
    assert "onnx" not in said and "keras" not in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("budgets", "words"),
    [
        (_budgets(megabytes=1.9), "2.00 MB (export.budgets.megabytes allows 1.9)"),
        (
            _budgets(median_ms=7.5),
            "8.00 ms (export.budgets.median_ms allows 7.5)",
        ),
    ],
)
def test_size_and_time_have_budgets(budgets: Budgets, words: str) -> None:
    with pytest.raises(DataError) as caught:
        check_budgets(_table(keras=90, onnx=90), budgets)
    assert caught.value.message.count(words) == 2


def test_a_file_may_use_its_budget_up() -> None:
    table = _table(keras=90, float32=89.5, onnx=91)
    check_budgets(table, _budgets(megabytes=2.0, median_ms=8.0, float32=0.5))
    with pytest.raises(DataError, match=r"float32 loses 0\.50 points.* allows 0\.4"):
        check_budgets(table, _budgets(float32=0.4))


def test_a_kind_without_a_budget_may_lose_nothing() -> None:
    with pytest.raises(DataError, match="allows 0"):
        check_budgets(_table(keras=90, float16=89.9), _budgets())


@pytest.mark.parametrize("right", [14, 16, 27, 960, 1000])
def test_five_of_a_thousand_images_are_half_a_point(right: int) -> None:
    # 100 * 0.014 - 100 * 0.009 is a little more.
    shares = (100 * (right / 1000), 100 * ((right - 5) / 1000))
    table = _table(keras=shares[0], int8=shares[1])
    check_budgets(table, _budgets(int8=0.5))
    with pytest.raises(DataError, match=r"loses 0\.50 points.* allows 0\.49"):
        check_budgets(table, _budgets(int8=0.49))
