import logging
import math
from pathlib import Path

import pandas as pd
import pytest
import yaml
from matplotlib.figure import Figure

from kigezi.choosing import result_row
from kigezi.errors import DataError
from kigezi.pipelines.report import create_pipeline
from kigezi.pipelines.report.nodes import (
    build_leaderboard,
    draw_final_model,
    draw_study,
    write_leaderboard,
)
from kigezi.plan import Plan
from kigezi.records import Trial
from tests.conftest import PROJECT, make_loader, make_result, make_trial

PAPER = {
    "freeze": {"a": {"train": 90, "test": 85}},
    "final": {"final_model": {"test": 98}},
}


def _final() -> Trial:
    trial = make_trial("b", 0.9)
    assignment = trial.result.assignment.model_copy(
        update={"stage": "final", "variant": "final_model"}
    )
    result = trial.result.model_copy(update={"assignment": assignment})
    return Trial(result, trial.predictions)


def _leaderboard() -> pd.DataFrame:
    results = [make_result("a", 0.8), make_result("b", 0.9), make_result("c", math.nan)]
    rows = [result_row(r, winner=r.assignment.variant == "b") for r in results]
    return build_leaderboard(
        PAPER, _final(), pd.DataFrame(rows[:2]), pd.DataFrame(rows[2:])
    )


def test_the_papers_figures_stand_beside_ours() -> None:
    table = _leaderboard().set_index(["stage", "variant"])
    assert table.loc[("freeze", "a"), "paper_train"] == 0.9
    assert table.loc[("freeze", "a"), "paper_test"] == 0.85
    assert table.loc[("freeze", "a"), "test_accuracy"] == 0.2
    assert math.isnan(table.loc[("freeze", "b"), "paper_test"])
    assert math.isnan(table.loc[("final", "final_model"), "paper_train"])
    assert table.loc[("final", "final_model"), "paper_test"] == 0.98


def test_the_final_model_is_the_last_row() -> None:
    table = _leaderboard()
    assert table["variant"].tolist() == ["a", "b", "c", "final_model"]
    assert table["winner"].tolist() == [False, True, False, True]
    columns = list(table.columns[:6])
    assert columns[:5] == ["stage", "variant", "winner", "paper_train", "paper_test"]


def test_the_page(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        page = write_leaderboard(_leaderboard(), _final())
    lines = page.splitlines()
    assert lines[0] == "# Leaderboard"
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[4:]]
    assert cells[2][:7] == ["freeze", "a", "90.0", "85.0", "40.0", "80.0", "20.0"]
    assert cells[3][:4] == ["freeze", "b", "", ""]
    assert cells[4][4:7] == ["", "", ""]
    assert [row[-1] for row in cells[2:]] == ["", "yes", "", "yes"]
    assert "100 to judge; classes: dark, light" in page
    assert lines[4] in caplog.text


def test_figures_are_drawn() -> None:
    assert len(draw_study(_leaderboard(), _final()).axes) == 2
    curves, confusion = draw_final_model(_final())
    assert isinstance(curves, Figure)
    assert "100 test photographs" in confusion.get_suptitle()


def test_the_papers_variants_bear_our_names() -> None:
    text = Path(PROJECT, "conf", "base", "paper.yml").read_text("utf-8")
    stages = make_loader(PROJECT / "conf", "base")["parameters"]["tune"]["stages"]
    for stage, variants in yaml.safe_load(text).items():
        ours = stages.get(stage, {"final_model": {}})
        assert set(variants) <= set(ours)
        for figures in variants.values():
            assert set(figures) == {"train", "test"}
            assert all(0 < value <= 100 for value in figures.values())


def test_the_report_needs_every_comparison() -> None:
    pipeline = create_pipeline(Plan({"freeze": ("a",), "rate": ("b",)}))
    assert pipeline.inputs() == {
        "paper",
        "tune.final.final_model.trial",
        "tune.freeze.comparison",
        "tune.rate.comparison",
    }
    assert pipeline.outputs() == {
        "leaderboard_page",
        "study_chart",
        "learning_curves",
        "confusion_matrix",
    }


@pytest.mark.parametrize("column", ["dataset", "plan"])
def test_stages_of_two_studies_are_not_mixed(column: str) -> None:
    mixed = _leaderboard().iloc[:-1].copy()
    mixed.loc[0, column] = "another"
    with pytest.raises(DataError, match="not all run on the same photographs"):
        build_leaderboard({}, _final(), mixed)
