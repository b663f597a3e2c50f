import logging
import math
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.figure import Figure
from PIL import Image

from kigezi.choosing import choose, result_row
from kigezi.datasets.model_inputs import ModelInputs
from kigezi.errors import DataError
from kigezi.pipelines.report import create_pipeline
from kigezi.pipelines.report.nodes import (
    build_leaderboard,
    list_predictions,
    write_leaderboard,
)
from kigezi.pipelines.report.page import (
    describe_origin,
    describe_study,
    track_report,
    write_report,
)
from kigezi.pipelines.report.pictures import (
    draw_final_model,
    draw_study,
    explain_errors,
    pick_samples,
)
from kigezi.plan import Plan
from kigezi.plots import plot_trial
from kigezi.records import Trial
from kigezi.reporting.page import Section
from kigezi.reporting.sections import data, model
from kigezi.schemas import Parameters, Protocol
from kigezi.statistics.published import compare_published
from kigezi.statistics.tables import (
    compare_variants,
    describe_final_model,
    measure_classes,
)
from tests.answers import alone, as_final, make_ledger
from tests.conftest import make_loader, make_model, make_recipe, make_trial
from tests.pictures import augment_parameters, encoded
from tests.projects import PROJECT

PAPER = {
    "freeze": {"a": {"train": 90, "test": 85}},
    "final": {"final_model": {"test": 98}},
}


def _final() -> Trial:
    return as_final(make_trial("b", 0.9))


def _leaderboard() -> pd.DataFrame:
    trials = [make_trial("a", 0.8), make_trial("b", 0.9), make_trial("c", math.nan)]
    groups = alone(4)
    tables = [
        compare_variants(part, choose([t.result for t in part]), groups)
        for part in (trials[:2], trials[2:])
    ]
    final = describe_final_model(_final(), groups)
    return build_leaderboard(PAPER, *tables, final)


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
    assert cells[2][7:11] == ["3.1 to 66.3", "0.500", "same training", "all 2 epochs"]
    assert cells[3][:4] == ["freeze", "b", "", ""]
    assert cells[4][4:8] == ["", "", "", ""]
    assert [row[-1] for row in cells[2:]] == ["", "yes", "", "yes"]
    assert "100 for test; winners are chosen on validation. Classes: dark" in page
    assert lines[4] in caplog.text


def test_figures_are_drawn() -> None:
    assert len(draw_study(_leaderboard(), _final()).axes) == 2
    curves, confusion, calibration = draw_final_model(_final())
    assert len(calibration.axes) == 1
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
    stages = ("freeze", "rate", "final")
    assert pipeline.inputs() == {
        "paper",
        "command",
        "parameters",
        "params:augment",
        "ledger",
        "augmented",
        "trainings",
        "model_inputs",
        "tracking",
        "tune.final.final_model.trial",
        *(f"tune.{stage}.comparison" for stage in stages),
        *(f"tune.{stage}.by_class" for stage in stages),
    }
    assert pipeline.outputs() == {
        "study_chart",
        "learning_curves",
        "confusion_matrix",
        "calibration_chart",
    }


@pytest.mark.parametrize("column", ["dataset", "plan"])
def test_stages_of_two_studies_are_not_mixed(column: str) -> None:
    mixed = _leaderboard().drop(columns=["paper_train", "paper_test"])
    mixed.loc[0, column] = "another"
    with pytest.raises(DataError, match="not all run on the same photographs"):
        build_leaderboard({}, mixed)


def test_tables_of_before_the_statistics_are_made_anew() -> None:
    old = _leaderboard().drop(columns=["paper_train", "paper_test", "test_low"])
    with pytest.raises(DataError, match="run `kedro run --pipeline=tune` first"):
        build_leaderboard({}, old)


def test_predictions_name_their_photographs() -> None:
    table = list_predictions(_final(), make_ledger(4))
    assert table["path"].tolist()[:2] == ["dark/0.jpg", "light/1.jpg"]
    assert table["confidence"].tolist() == [0.9, 0.8, 0.6, 0.9]
    assert list(table.columns[-2:]) == ["probability_dark", "probability_light"]


class Version:
    """Two copies of each photograph, as JPEG."""

    description: ClassVar = {"versions": {"pillow": "13"}}

    def __init__(self) -> None:
        rows = [
            (f"p{photo}_{copy}", f"p{photo}", copy, ("dark", "light")[photo % 2])
            for photo in range(8)
            for copy in (1, 0)
        ]
        table = pd.DataFrame(rows, columns=["image_id", "photo_id", "copy", "label"])
        split = np.where(table["photo_id"] < "p4", "test", "train")
        self.manifest = table.assign(path=table["image_id"] + ".jpg", split=split)

    def version(self, digest: str) -> "Version":
        assert digest == "d" * 64
        return self

    def read(self, path: str) -> bytes:
        number = int(path[1])
        return encoded(Image.new("RGB", (32, 32), (20 * number, 9, 9)), "JPEG")


def test_samples_are_photographs_with_their_copies() -> None:
    samples = pick_samples(_final(), Version())
    assert list(samples) == ["dark", "light"]
    assert samples["dark"] == [
        [Version().read("p4_0.jpg"), Version().read("p4_1.jpg")],
        [Version().read("p6_0.jpg"), Version().read("p6_1.jpg")],
    ]


def test_errors_are_explained_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictions = list_predictions(_final(), make_ledger(4))
    make_model(make_recipe(), 32, 2, None).save(tmp_path / "model.keras")
    training = SimpleNamespace(model_path=lambda _: tmp_path / "model.keras")
    trainings = SimpleNamespace(find=lambda _: training)
    stores = (Version(), trainings, ModelInputs(tmp_path, 1e9))
    first = explain_errors(_final(), predictions, *stores)
    assert [one.path for one in first] == ["dark/2.jpg"]
    assert (first[0].label, first[0].predicted) == ("dark", "light")
    assert first[0].image == Version().read("p2_0.jpg")
    monkeypatch.setattr(training, "model_path", None)
    assert explain_errors(_final(), predictions, *stores) == first


def test_without_errors_nothing_is_explained(tmp_path: Path) -> None:
    right = list_predictions(_final(), make_ledger(4)).assign(correct=True)
    stores = (Version(), None, ModelInputs(tmp_path, 1e9))
    assert explain_errors(_final(), right, *stores) == []


def _parameters() -> dict[str, Any]:
    return make_loader(PROJECT / "conf", "demo")["parameters"]


def _origin(parameters: dict[str, Any]) -> Section:
    return describe_origin("kedro run", _final(), Version(), parameters)


def test_parameters_are_told_alike_by_every_run() -> None:
    values = _parameters()
    told = _origin(values).body
    # Kedro reads their files in any order, and makes models of what nodes take.
    assert _origin(dict(reversed(values.items()))).body == told
    models = {
        block: getattr(Parameters.model_validate(values), block) for block in values
    }
    assert _origin({**values, "tune": models["tune"]}).body == told
    assert _origin(models).body == told
    # The order of stages decides what is trained.
    stages = dict(reversed(values["tune"]["stages"].items()))
    assert (
        _origin({**values, "tune": {**values["tune"], "stages": stages}}).body != told
    )


def _page() -> str:
    trials = [make_trial("b", 0.9)]
    board = _leaderboard()
    classes = measure_classes(trials)
    augment = augment_parameters(copies=1)
    published = compare_published({"freeze": {"a": {"test": 90}, "b": {"test": 80}}})
    study = describe_study(board, classes, published, _final(), augment)
    origin = _origin(_parameters())
    photographs = data(make_ledger(4), {"dark": [[b"1", b"2"]]}, _final())
    return write_report(study, photographs, model(_final(), []), origin)


def test_the_report_is_one_page_of_all_parts() -> None:
    page = _page()
    titles = re.findall(r"<h2>(.*)</h2>", page)
    assert titles == [
        "What was found",
        "The photographs",
        "Every variant",
        "The final model",
        "What it costs",
        "How to make it again",
        "What this does not say",
    ]
    assert page == _page()


def test_the_report_is_kept_with_the_studys_run() -> None:
    kept: list = []
    tracking = SimpleNamespace(keep_report=lambda _, *kept_now: kept.extend(kept_now))
    track_report("<html>", _leaderboard(), "# Leaderboard", _final(), tracking)
    texts, draw, note = kept
    assert texts["report.html"] == "<html>"
    assert texts["leaderboard.csv"].startswith("stage,variant,winner,paper_train")
    assert note == texts["leaderboard.md"] == "# Leaderboard"
    pictures = {name for name, one in draw().items() if isinstance(one, Figure)}
    assert pictures == {
        "study.png",
        "learning_curves.png",
        "confusion_matrix.png",
        "calibration.png",
    }


def _as_published() -> Trial:
    protocol = Protocol(split="images", choose_on="test")
    assignment = _final().result.assignment.model_copy(update={"protocol": protocol})
    result = _final().result.model_copy(update={"assignment": assignment})
    return Trial(result, _final().predictions)


def test_what_is_not_honest_is_labelled_everywhere(
    caplog: pytest.LogCaptureFixture,
) -> None:
    final = _as_published()
    words = "NOT HONEST, for comparison only: split after augmentation, chosen on test"
    assert result_row(final.result, winner=True)["protocol"] == words
    with caplog.at_level(logging.INFO):
        page = write_leaderboard(_leaderboard(), final)
    assert page.startswith(f"# Leaderboard ({words})\n\nImages: 100 to train on")
    assert words in caplog.text
    assert words in draw_study(_leaderboard(), final).get_suptitle()
    assert words in draw_final_model(final)[1].get_suptitle()
    assert words in plot_trial(final)["confusion_matrix.png"].get_suptitle()
    honest = _final()
    assert "HONEST" not in write_leaderboard(_leaderboard(), honest)
    assert "HONEST" not in draw_study(_leaderboard(), honest).get_suptitle()
