from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import pandas as pd
import pytest

from kigezi.datasets.photographs import PhotographLibrary
from kigezi.datasets.tables import Tables
from kigezi.errors import DataError
from kigezi.photos import pairing
from kigezi.photos.likeness import likenesses
from kigezi.pipelines.ingest.nodes import (
    compare_photographs,
    show_pairs,
    split_photographs,
    survey_photographs,
)
from tests.pictures import (
    encoded,
    group_parameters,
    ingest_parameters,
    photograph_files,
    picture,
    textured,
    write_tree,
)
from tests.stores import comparison_stores

COLUMNS = [
    *("path", "photo_id", "label", "width", "height", "format", "mode"),
    *("status", "reason", "taken", "camera", "group_id", "split", "made_with"),
]

TEXT, AGAIN = "it is text, not a photograph: remove it", "copy the photograph again"


def _ingest(root: Path, **changes: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    parameters = ingest_parameters(**changes)
    photographs = PhotographLibrary(root, root / "unpacked")
    survey = survey_photographs(parameters, photographs)
    stores = comparison_stores(root)
    pairs = compare_photographs(survey, photographs, parameters, *stores)
    ledger, quarantine, _ = split_photographs(survey, pairs, parameters)
    return ledger, quarantine


def _mixed(root: Path) -> None:
    files = photograph_files({"a": 9, "b": 8})
    same, other = files["a/000.jpg"], files["b/000.jpg"]
    more = {
        "a/copy.jpg": same,
        "a/wrong.jpg": other,
        "b/x.txt": b"text",
        ".DS_Store": b"",
    }
    write_tree(root / "photographs", {**files, **more})


def test_counts_reconcile(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    _mixed(tmp_path)
    ledger, quarantine = _ingest(tmp_path)
    assert ledger.columns.tolist() == COLUMNS
    assert ledger["status"].value_counts().to_dict() == {
        "kept": 16,
        "quarantined": 3,
        "duplicate": 1,
        "ignored": 1,
    }
    said = "found 21 files: 16 kept, 3 quarantined, 1 duplicate, 1 ignored"
    assert said in caplog.messages
    assert quarantine["path"].tolist() == ["a/wrong.jpg", "b/000.jpg", "b/x.txt"]


def test_fractions_of_each_class_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    write_tree(tmp_path / "photographs", photograph_files({"a": 20, "b": 10}))
    _ingest(tmp_path)
    said = "a: 20 kept: train 14 (70.0%), validation 2 (10.0%), test 4 (20.0%)"
    assert said in caplog.messages
    assert any(line.startswith("all classes: 30 kept") for line in caplog.messages)


@pytest.mark.parametrize("expected", [None, 10, 2415])
def test_another_number_is_said_not_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, expected: int | None
) -> None:
    caplog.set_level("INFO")
    write_tree(tmp_path / "photographs", photograph_files({"a": 5, "b": 5}))
    _ingest(tmp_path, expected_photographs=expected)
    said = "2,415 photographs are expected (ingest.expected_photographs), 10 were found"
    assert (said in caplog.text) == (expected == 2415)


def test_first_reasons_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = photograph_files({"a": 5, "b": 5})
    bad = {f"a/{number}.txt": f"text {number}".encode() for number in range(8)}
    starts = (b"", b"%PDF", b"8BPS", b"II*\0", b"%!PS", b"PK\3\4")
    bad |= {f"b/{number}.jpg": start for number, start in enumerate(starts, 10)}
    write_tree(tmp_path / "photographs", {**files, **bad})
    _ingest(tmp_path)
    said = [line for line in caplog.messages if line.startswith("quarantined: ")]
    assert said[0] == "quarantined: a/0.txt and 7 more: " + TEXT
    assert said[1] == "quarantined: b/10.jpg: the file is empty: " + AGAIN
    assert len(said) == 5
    assert "2 more stand in data/08_reporting/quarantine.csv" in caplog.messages


def test_quarantine_is_empty_with_its_columns(tmp_path: Path) -> None:
    write_tree(tmp_path / "photographs", photograph_files({"a": 5, "b": 5}))
    _, quarantine = _ingest(tmp_path)
    assert quarantine.to_csv(index=False) == "path,reason\n"


def test_photographs_are_drawn_when_asked_for(tmp_path: Path) -> None:
    drawing = {"photographs": 30, "size": 32, "seed": 1}
    ledger, _ = _ingest(tmp_path, drawing=drawing)
    kept = ledger[ledger["status"] == "kept"]
    assert len(kept) == 30
    assert kept["label"].nunique() == 3


def test_the_same_photographs_give_the_same_ledger(tmp_path: Path) -> None:
    write_tree(tmp_path / "photographs", photograph_files({"a": 9, "b": 9}))
    first, _ = _ingest(tmp_path)
    write_tree(tmp_path / "photographs", {"a/999.jpg": encoded(picture(500))})
    (tmp_path / "photographs" / "a" / "999.jpg").unlink()
    again, _ = _ingest(tmp_path)
    pd.testing.assert_frame_equal(first, again)


def test_photographs_are_compared_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    write_tree(tmp_path / "photographs", photograph_files({"a": 9, "b": 8}))
    first, _ = _ingest(tmp_path)
    again, _ = _ingest(tmp_path)
    pd.testing.assert_frame_equal(first, again)
    said = "comparisons in"
    assert sum(said in line for line in caplog.messages) == 1
    stricter = group_parameters(likeness=1, likeness_of_neighbours=1)
    _ingest(tmp_path, groups=stricter)
    assert sum(said in line for line in caplog.messages) == 1
    _ingest(tmp_path, groups=group_parameters(number_gap=1))
    assert sum(said in line for line in caplog.messages) == 2


def test_a_comparison_that_was_interrupted_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    write_tree(tmp_path / "photographs", photograph_files({"a": 9, "b": 8}))
    monkeypatch.setattr(pairing, "_TOGETHER", 10)
    monkeypatch.setattr(pairing, "_PART", 10)
    photographs = PhotographLibrary(tmp_path, tmp_path / "unpacked")
    survey = survey_photographs(ingest_parameters(), photographs)

    def compare(folder: str) -> pd.DataFrame:
        stores = comparison_stores(tmp_path / folder)
        return compare_photographs(survey, photographs, ingest_parameters(), *stores)

    def fail(self: Tables, function: Callable, items: Iterable) -> Iterator:
        compares = function is likenesses
        yield from map(function, islice(items, 2 if compares else None))
        if compares:
            raise InterruptedError

    whole = compare("whole")
    with monkeypatch.context() as patch, pytest.raises(InterruptedError):
        patch.setattr(Tables, "map", fail)
        compare("interrupted")
    pd.testing.assert_frame_equal(compare("interrupted"), whole)
    assert f"{len(whole) - 20} comparisons in 0 s" in caplog.text


@pytest.mark.parametrize(("gap", "small"), [(0, 2), (1, 4)])
def test_only_photographs_in_pairs_are_read_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, gap: int, small: int
) -> None:
    caplog.set_level("INFO")
    files = {f"a/{seed}0.jpg": encoded(textured(seed)) for seed in range(9)}
    again = encoded(textured(3), quality=60)
    write_tree(tmp_path / "photographs", {**files, "b/x.jpg": again, "b/y9.jpg": again})
    more = {f"b/y{seed}.jpg": encoded(textured(50 + seed)) for seed in (2, 3, 5, 7)}
    write_tree(tmp_path / "photographs", more)
    _ingest(tmp_path, groups=group_parameters(number_gap=gap))
    assert f"{small} photographs made small in 0 s" in caplog.text


@pytest.mark.parametrize("later", ["compare", "show"])
def test_a_photograph_that_changes_meanwhile_is_named(
    tmp_path: Path, later: str
) -> None:
    write_tree(tmp_path / "photographs", photograph_files({"a": 3, "b": 3}))
    parameters = ingest_parameters()
    photographs = PhotographLibrary(tmp_path, tmp_path / "unpacked")
    survey = survey_photographs(parameters, photographs)
    stores = (photographs, parameters, *comparison_stores(tmp_path))
    pairs = compare_photographs(survey, *stores) if later == "show" else None
    (tmp_path / "photographs" / "a" / "001.jpg").write_bytes(b"changed")
    with pytest.raises(DataError, match=r"a/001\.jpg in .* has changed since"):
        if pairs is None:
            compare_photographs(survey, *stores)
        else:
            show_pairs(survey, pairs, photographs, parameters)
