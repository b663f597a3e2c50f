import io

import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

from kigezi.choosing import result_row
from kigezi.plots import plot_confusion, plot_curves, plot_study, plot_trial
from kigezi.records import Trial
from tests.conftest import make_failed, make_history, make_result, make_trial


def _drawn(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=40)
    return buffer.getvalue()


@pytest.mark.parametrize("best", [2, None])
def test_curves_show_every_epoch(best: int | None) -> None:
    figure = plot_curves(make_history([0.9, 0.5, 0.7]), best, "a title")
    accuracy, loss = figure.axes
    assert (accuracy.get_ylabel(), loss.get_ylabel()) == ("accuracy", "loss")
    validation = loss.lines[1]
    assert list(validation.get_xdata()) == [1, 2, 3]
    assert list(validation.get_ydata()) == [0.9, 0.5, 0.7]
    assert len(loss.lines) == (3 if best else 2)
    assert _drawn(figure).startswith(b"\x89PNG")


@pytest.mark.parametrize("losses", [[float("nan")], [1.0]])
def test_curves_of_one_epoch(losses: list[float]) -> None:
    assert _drawn(plot_curves(make_history(losses), None, "diverged"))


def test_confusion_of_many_classes_has_no_numbers() -> None:
    classes = [f"class{number:03d}" for number in range(150)]
    predictions = pd.DataFrame({"label": classes, "predicted": classes[::-1]})
    figure = plot_confusion(predictions, classes, "t")
    assert not list(figure.axes[0].texts)
    assert max(figure.get_size_inches()) < 30


def test_confusion_counts_photographs() -> None:
    figure = plot_confusion(make_trial("a", 0.9).predictions, ("dark", "light"), "t")
    counts = [text.get_text() for text in figure.axes[0].texts]
    assert counts == ["1", "1", "0", "2"]


def test_no_answer_is_a_column_of_its_own() -> None:
    predictions = pd.DataFrame({"label": ["dark"], "predicted": ["(no answer)"]})
    figure = plot_confusion(predictions, ("dark", "light"), "t")
    labels = [text.get_text() for text in figure.axes[0].get_xticklabels()]
    assert labels == ["dark", "light", "(no answer)"]
    assert _drawn(figure)


def _leaderboard(stages: dict[str, list[float]]) -> pd.DataFrame:
    rows = []
    for stage, accuracies in stages.items():
        for place, accuracy in enumerate(accuracies):
            row = result_row(make_result(f"v{place}", accuracy), winner=place == 0)
            paper = None if place else 0.9
            test = row["test_accuracy"]
            interval = {"test_low": test - 0.1, "test_high": test + 0.05}
            rows.append({**row, **interval, "stage": stage, "paper_test": paper})
    table = pd.DataFrame(rows)
    return table.astype({"paper_test": "float64"})


def test_the_study_has_a_panel_for_each_stage() -> None:
    stages = {"rate": [0.9, 0.8, float("nan")], "freeze": [0.7]}
    figure = plot_study(_leaderboard(stages), "12 test photographs")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["rate", "freeze"]
    intervals, ours, paper = figure.axes[0].collections
    assert intervals.get_segments()[0][:, 0] == pytest.approx([0.125, 0.275])
    assert ours.get_offsets()[0].tolist() == pytest.approx([0.9 / 4, 2])
    assert paper.get_offsets()[0].tolist() == pytest.approx([0.9, 2])
    filled = ours.get_facecolor()
    assert filled[0].tolist() != filled[1].tolist() == filled[2].tolist()
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == [
        "v0",
        "v1",
        "v2",
    ]
    assert _drawn(figure)


def test_no_plot_leaves_a_window_behind() -> None:
    plot_curves(make_history([1.0]), 1, "a")
    plot_study(_leaderboard({"freeze": [0.9]}), "a")
    assert pyplot.get_fignums() == []


def test_a_variant_is_drawn_as_far_as_it_came() -> None:
    trial = make_trial("a", 0.9)
    assert set(plot_trial(trial)) == {"curves.png", "confusion_matrix.png"}
    pruned = Trial(trial.result, trial.predictions.iloc[:0])
    assert set(plot_trial(pruned)) == {"curves.png"}
    assert plot_trial(make_failed("a")) == {}
