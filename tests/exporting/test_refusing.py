import numpy as np
import pandas as pd
import pytest

from kigezi.exporting.refusing import compare_unknown
from kigezi.exporting.runtimes import Answers
from tests.cards import make_doubt


def _answers(familiarity: list[float], confidence: float = 0.9) -> Answers:
    count = len(familiarity)
    probabilities = np.tile([confidence, 1 - confidence], (count, 1))
    return Answers(
        probabilities.astype(np.float32),
        np.array(familiarity, np.float32),
        np.ones(count),
    )


def _compare(
    file: str, known: Answers, others: Answers, kinds: np.ndarray
) -> pd.DataFrame:
    return compare_unknown({file: known}, {file: others}, kinds, {file: make_doubt()})


def test_other_things_are_told_by_hand_made_numbers() -> None:
    known = _answers([-1.0] * 10 + [-1.5] * 10)
    others = _answers([-3, -1.2, -1.2, -0.5, -9, -9])
    kinds = np.array(["drawn"] * 4 + ["photographs"] * 2)
    table = _compare("int8", known, others, kinds)
    drawn, photographs = table.to_dict("records")
    assert drawn["file"] == "model_int8.tflite"
    assert (drawn["other_things"], drawn["images"]) == ("drawn", 4)
    # Of 80 pairs one known is above -3 in 20, above -1.2 in 2 times 10, -0.5 in none.
    assert drawn["auroc"] == pytest.approx(40 / 80)
    assert drawn["refused_at_5_percent"] == 25  # -3 alone is below -1.5
    assert drawn["refused"] == 25  # and below the card's -2
    assert photographs["auroc"] == 1
    assert photographs["refused"] == photographs["refused_at_5_percent"] == 100


def test_what_is_not_confident_is_refused_too() -> None:
    known, others = _answers([-1.0] * 4), _answers([-1.0] * 3, confidence=0.3)
    others.probabilities[:, 1] = 0.4
    kinds = np.array(["drawn"] * 3)
    table = _compare("onnx", known, others, kinds)
    assert table["auroc"].tolist() == [0.5]
    assert table["refused"].tolist() == [100]
    assert table["refused_at_5_percent"].tolist() == [0]


def test_every_file_has_a_row_for_every_kind() -> None:
    known = dict.fromkeys(("keras", "int8"), _answers([-1.0] * 4))
    others = dict.fromkeys(("keras", "int8"), _answers([-5.0] * 4))
    kinds = np.array(["a", "b"] * 2)
    table = compare_unknown(known, others, kinds, dict.fromkeys(known, make_doubt()))
    assert table["other_things"].tolist() == ["a", "b"] * 2
    assert set(table["refused"]) == {100.0}
