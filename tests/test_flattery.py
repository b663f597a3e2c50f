import numpy as np
import pandas as pd
import pytest
from scipy.stats import t
from sklearn.metrics import log_loss

from kigezi.flattery import paired_differences, score
from kigezi.photos.arranging import WAYS
from kigezi.plots import plot_leakage


def _predictions() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "label": ["x", "x", "y", "y"],
            "copy": [0, 1, 0, 2],
            "correct": [True, False, True, True],
            "probability_x": [0.9, 0.4, 0.2, 0.1],
            "probability_y": [0.1, 0.6, 0.8, 0.9],
        }
    )


def _scores(accuracies: dict[str, list[float]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "way": way,
                "seed": seed,
                "scored_on": scored_on,
                "accuracy": accuracy,
                "loss": 1 - accuracy,
            }
            for way, values in accuracies.items()
            for seed, accuracy in enumerate(values)
            for scored_on in ("photographs", "all copies")
        ]
    )


SCORES = _scores(
    {
        "images": [0.95, 0.97, 0.96],
        "photographs": [0.90, 0.91, 0.93],
        "groups": [0.90, 0.90, 0.90],
    }
)


def test_photographs_and_all_copies_are_scored_apart() -> None:
    table = _predictions()
    scores = score(table).set_index("scored_on")
    assert scores["images"].to_dict() == {"photographs": 2, "all copies": 4}
    assert scores["accuracy"].to_dict() == {"photographs": 1, "all copies": 0.75}
    probabilities = table[["probability_x", "probability_y"]].to_numpy()
    for name, rows in (("photographs", [0, 2]), ("all copies", [0, 1, 2, 3])):
        expected = log_loss(table["label"].iloc[rows], probabilities[rows])
        assert scores.at[name, "loss"] == pytest.approx(expected)


def test_a_sure_wrong_answer_has_a_finite_loss() -> None:
    table = _predictions().assign(probability_x=0.0, probability_y=1.0)
    assert np.isfinite(score(table)["loss"]).all()


def test_differences_are_paired_by_seed() -> None:
    differences = paired_differences(SCORES).set_index(
        ["way", "instead_of", "scored_on"]
    )
    row = differences.loc["images", "photographs", "photographs"]
    paired = np.array([0.05, 0.06, 0.03])
    half = t.ppf(0.975, 2) * paired.std(ddof=1) / np.sqrt(3)
    assert row["accuracy"] == pytest.approx(paired.mean())
    assert row["accuracy_low"] == pytest.approx(paired.mean() - half)
    assert row["accuracy_high"] == pytest.approx(paired.mean() + half)
    assert row["loss"] == pytest.approx(-paired.mean())
    assert row["loss_high"] == pytest.approx(-paired.mean() + half)
    assert row["seeds"] == 3
    assert len(differences) == 6


def test_the_order_of_the_scores_does_not_matter() -> None:
    shuffled = SCORES.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(
        paired_differences(shuffled), paired_differences(SCORES)
    )


def test_equal_differences_have_an_interval_of_one_point() -> None:
    equal = _scores({way: [0.5, 0.5] for way in WAYS})
    row = paired_differences(equal).iloc[0]
    assert row["accuracy_low"] == row["accuracy_high"] == 0


def test_the_figure_shows_every_run() -> None:
    figure = plot_leakage(SCORES, paired_differences(SCORES))
    lines = figure.axes[0].get_lines()
    assert [line.get_ydata().tolist() for line in lines[:3]] == [
        [0.95, 0.90, 0.90],
        [0.97, 0.91, 0.90],
        [0.96, 0.93, 0.90],
    ]
    assert "+6.0 points" in figure.get_suptitle()
