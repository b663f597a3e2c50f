import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from kigezi.answering.card import FILES, Card
from kigezi.datasets.photographs import PhotographsDataset
from kigezi.errors import DataError
from kigezi.exporting.packing import card_within
from kigezi.exporting.runtimes import run_file
from kigezi.exporting.wording import log_doubt, log_unknown
from kigezi.photos.geometry import fit
from kigezi.photos.unknown import draw_unknown
from kigezi.pipelines.export import create_pipeline
from kigezi.pipelines.export.nodes import (
    Unknown,
    calibrate,
    gather_unknown,
    measure_files,
    pack_files,
    set_thresholds,
)
from kigezi.records import Trial
from kigezi.schemas import Protocol
from tests.cards import make_doubt
from tests.coloured_export import (
    CLASSES,
    SIZE,
    SmallExport,
    coloured,
    coloured_trial,
    export_parameters,
    make_coloured_examples,
    make_groups,
)
from tests.pictures import (
    encoded,
    image_parameters,
    ingest_parameters,
    picture,
    write_tree,
)

Measured = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, Any]


def test_one_photograph_of_each_subject_counts(small_export: SmallExport) -> None:
    examples, trial = make_coloured_examples(), coloured_trial()
    ledger = make_groups(examples, size=3)
    found = calibrate(small_export.final_model, trial, examples, ledger)
    groups = ledger["group_id"].to_numpy()[found.rows]
    assert len(set(groups)) == len(groups) == 20
    assert set(examples.splits[found.rows]) == {"validation"}
    mean = small_export.calibration.familiarity.mean
    np.testing.assert_allclose(found.familiarity.mean, mean, atol=1e-4)
    # A third of the evidence promises less.
    bare = {"float32": small_export.bare["float32"]}
    rest = (image_parameters(SIZE), export_parameters())
    _, cards = set_thresholds(bare, trial, examples, found, *rest)
    assert cards["float32"].doubt.photographs == 20
    assert small_export.card.doubt.photographs == 60
    assert cards["float32"].doubt.risk_bound > small_export.card.doubt.risk_bound


def test_a_model_that_saw_its_test_images_is_not_exported() -> None:
    examples, trial = make_coloured_examples(), coloured_trial()
    assignment = trial.result.assignment
    flattered = assignment.model_copy(update={"protocol": Protocol(split="images")})
    result = trial.result.model_copy(update={"assignment": flattered})
    dishonest = Trial(result, trial.predictions)
    with pytest.raises(DataError, match=r"NOT HONEST.*it is not exported"):
        calibrate(b"", dishonest, examples, make_groups(examples))


def test_the_card_says_what_was_calibrated(small_export: SmallExport) -> None:
    card = small_export.card
    assert (card.classes, card.size, card.fit) == (CLASSES, SIZE, "crop")
    doubt = card.doubt
    assert (doubt.risk, doubt.certainty) == (0.2, 0.9)
    assert doubt.risk_bound < 0.2
    assert doubt.temperature == small_export.calibration.temperature
    assert 1 / 3 < doubt.least_confidence < 1
    assert 0.5 < doubt.answered <= 0.95
    assert "tensorflow" in card.made_with
    assert Card.model_validate_json(card.model_dump_json()) == card


def test_every_file_has_thresholds_of_its_own(small_export: SmallExport) -> None:
    examples = make_coloured_examples()
    validation = examples.rows("validation", all_copies=False)
    for kind, card in small_export.cards.items():
        answers = run_file(kind, small_export.bare[kind], examples.images[validation])
        # Whatever a file tells, it refuses as many known photographs as were allowed.
        refused = (answers.familiarity < card.doubt.least_familiarity).mean()
        assert refused == pytest.approx(0.05), kind
        assert card_within(kind, small_export.models[kind]) == card
    thresholds = {c.doubt.least_familiarity for c in small_export.cards.values()}
    assert len(thresholds) > 1


@pytest.fixture(scope="module")
def measured(small_export: SmallExport) -> Measured:
    examples = make_coloured_examples(held_out=30)
    unknown = Unknown(np.repeat(["drawn"], 8), draw_unknown(8, SIZE))
    ledger = make_groups(examples)
    return measure_files(
        small_export.models, small_export.cards, examples, unknown, ledger
    )


def test_every_file_is_measured(measured: Measured, small_export: SmallExport) -> None:
    table, changes, unknown, figure = measured
    assert table["file"].tolist() == list(FILES.values())
    sizes = [len(data) / 1e6 for data in small_export.models.values()]
    assert table["megabytes"].tolist() == sizes
    assert (table["accuracy"] > 80).all()
    assert len(changes) == table["changed"].sum()
    assert changes["path"].str.endswith(".jpg").all()
    assert unknown["file"].tolist() == list(FILES.values())
    assert set(unknown["images"]) == {8}
    assert (unknown["auroc"] > 0.9).all()
    assert "30 test images" in figure.get_suptitle()


def test_photographs_of_other_things_are_told(small_export: SmallExport) -> None:
    # Parts of the two photographs that come with scikit-learn: a temple and a flower.
    parts = [
        Image.fromarray(photograph[top : top + 140, left : left + 140])
        for photograph in load_sample_images()["images"]
        for top in range(0, 280, 140)
        for left in range(0, 560, 140)
    ]
    images = np.stack([np.asarray(fit(part, SIZE, "crop")) for part in parts])
    for kind in ("float32", "int8"):
        others = run_file(kind, small_export.models[kind], images).familiarity
        known = run_file(kind, small_export.models[kind], coloured(60, seed=41))
        told = (others[:, None] < known.familiarity).mean()
        assert len(parts) == 16
        assert told > 0.95, kind


def test_what_is_within_its_budget_is_shipped(
    measured: Measured, small_export: SmallExport
) -> None:
    table, _, unknown, _ = measured
    points = dict.fromkeys(("float32", "float16", "int8", "onnx"), 100)
    budgets = {"points_lost": points, "megabytes": 9, "median_ms": None}
    export = export_parameters(budgets=budgets)
    packed = pack_files(small_export.models, small_export.cards, table, unknown, export)
    assert {FILES[kind] for kind in small_export.models} < set(packed)
    page = packed["README.md"].decode()
    for name in (*FILES.values(), "AUROC", "drawn"):
        assert name in page
    assert "{{" not in page


@pytest.mark.parametrize("budget", ["megabytes", "median_ms"])
def test_what_is_past_its_budget_is_not_shipped(
    measured: Measured, small_export: SmallExport, budget: str
) -> None:
    table, _, unknown, _ = measured
    budgets = {"points_lost": {}, "megabytes": None, "median_ms": None, budget: 1e-3}
    export = export_parameters(budgets=budgets)
    with pytest.raises(DataError, match=rf"export\.budgets\.{budget} allows 0\.001"):
        pack_files(small_export.models, small_export.cards, table, unknown, export)


def _gather(root: Path, source: str | None) -> Unknown:
    library = PhotographsDataset(path=str(root), unpacked="unpacked").load()
    export = export_parameters(unknown={"source": source, "drawn": 20})
    return gather_unknown(export, image_parameters(), ingest_parameters(), library)


def test_other_things_are_drawn(tmp_path: Path) -> None:
    found = _gather(tmp_path, None)
    assert found.kinds.tolist() == ["drawn"] * 20
    np.testing.assert_array_equal(found.images, draw_unknown(20, 32))


def test_photographs_of_other_things_are_used(tmp_path: Path) -> None:
    images = [picture(number, (90, 60)) for number in (1, 2)]
    files = {f"b/{n}.png": encoded(one, "PNG") for n, one in enumerate(images)}
    write_tree(tmp_path / "other", files | {"a.txt": b"text"})
    found = _gather(tmp_path, "other")
    assert found.kinds.tolist() == ["drawn"] * 20 + ["photographs"] * 2
    for seen, image in zip(found.images[20:], images, strict=True):
        np.testing.assert_array_equal(seen, fit(image, 32, "crop"))
    assert Image.fromarray(found.images[0]).size == (32, 32)


def test_no_usable_photograph_of_other_things(tmp_path: Path) -> None:
    write_tree(tmp_path / "other", {"a.jpg": b"text", "b.jpg": b""})
    with pytest.raises(DataError, match=r"none of the 2 files.*it is text.*unknown"):
        _gather(tmp_path, "other")
    with pytest.raises(
        DataError, match=r"export\.unknown\.source names .*nowhere, and"
    ):
        _gather(tmp_path, "nowhere")


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    records = caplog.records
    return [one.getMessage() for one in records if one.levelno == logging.WARNING]


def test_a_promise_that_cannot_be_kept_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log_doubt(make_doubt(risk=0.02, risk_bound=0.02))
    assert not _warnings(caplog)
    log_doubt(make_doubt(risk=0.02, risk_bound=0.031))
    (said,) = _warnings(caplog)
    assert "A risk of 2.0 % (export.risk) cannot be promised by 100" in said
    assert "3.1 % is the lowest bound" in said


def test_a_familiarity_that_is_of_no_use_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    row = {"file": "model.onnx", "other_things": "drawn", "images": 9, "refused": 50}
    log_unknown(pd.DataFrame([row | {"auroc": 0.95}]))
    assert not _warnings(caplog)
    log_unknown(pd.DataFrame([row | {"auroc": 0.6}]))
    (said,) = _warnings(caplog)
    assert "model.onnx hardly tells other things (drawn)" in said


def test_nothing_is_registered_before_it_is_shipped() -> None:
    nodes = {node.name: node for node in create_pipeline().nodes}
    assert nodes["pack_files"].outputs == ["exported"]
    assert "exported" in nodes["register_model"].inputs
    tables = set(nodes["measure_files"].outputs)
    assert tables & set(nodes["pack_files"].inputs)
