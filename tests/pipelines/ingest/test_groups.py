"""Photographs of one subject through the whole pipeline, in any order of files."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from PIL import ExifTags, Image, ImageOps

from kigezi.datasets.photographs import PhotographsDataset
from kigezi.pipelines.ingest import create_pipeline
from tests.pictures import (
    encoded,
    group_parameters,
    ingest_parameters,
    textured,
    write_tree,
)
from tests.stores import comparison_datasets


def _taken(seed: int, second: int) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = "phone"
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = f"2026:11:23 09:00:{second:02d}"
    return encoded(textured(seed), exif=exif)


STRANGERS = {
    f"{label}/{label}{number * 10}.jpg": encoded(textured(number + 50 * (label > "a")))
    for label in "ab"
    for number in range(1, 9)
}
FILES = {
    **STRANGERS,
    "a/again.jpg": encoded(textured(3), quality=60),
    "a/a41.jpg": encoded(textured(4).rotate(10)),
    "b/wrong.jpg": encoded(ImageOps.mirror(textured(5))),
    "a/burst one.jpg": _taken(200, 10),
    "a/burst two.jpg": _taken(201, 11),
    "a/equal.jpg": STRANGERS["a/a60.jpg"],
    "a/conflict.jpg": encoded(textured(300)),
    "b/conflict.jpg": encoded(textured(300)),
}
TOGETHER = {
    ("a/a30.jpg", "a/again.jpg"),
    ("a/a40.jpg", "a/a41.jpg"),
    ("a/a50.jpg", "b/wrong.jpg"),
    ("a/burst one.jpg", "a/burst two.jpg"),
}


def _ingest(
    root: Path, source: str = "photographs", **groups: object
) -> dict[str, pd.DataFrame]:
    parameters = ingest_parameters(source=source, groups=group_parameters(**groups))
    photographs = PhotographsDataset(path=str(root), unpacked="unpacked")
    catalog = DataCatalog(
        {
            "params:ingest": MemoryDataset(parameters),
            "photographs": photographs,
            **comparison_datasets(root),
        }
    )
    outputs = SequentialRunner().run(create_pipeline(), catalog)
    return {name: dataset.load() for name, dataset in outputs.items()}


def test_every_kind_of_group_is_found_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    write_tree(tmp_path / "photographs", FILES)
    made = _ingest(tmp_path)
    groups = made["groups"].groupby("group_id")["path"]
    assert {tuple(sorted(paths)) for _, paths in groups} == TOGETHER
    assert made["near_pairs"]["one_subject"].sum() == 3
    wrong = "possible label error: a/a50.jpg and b/wrong.jpg show one subject"
    assert any(line.startswith(wrong) for line in caplog.messages)
    said = "a: 12 photographs of 9 subjects, worth 8 independent ones"
    assert said in caplog.messages
    assert "8 photographs are not alone in their group" in caplog.text


def test_groups_stay_in_one_split_and_equal_bytes_do_not_count(tmp_path: Path) -> None:
    write_tree(tmp_path / "photographs", FILES)
    ledger = _ingest(tmp_path)["ledger"].set_index("path")
    kept = ledger[ledger["status"] == "kept"]
    assert (kept.groupby("group_id")["split"].nunique() == 1).all()
    for first, second in TOGETHER:
        assert kept.at[first, "group_id"] == kept.at[second, "group_id"]
    assert ledger.at["a/equal.jpg", "status"] == "duplicate"
    assert ledger.at["a/equal.jpg", "group_id"] == ledger.at["a/a60.jpg", "group_id"]
    conflict = ledger.loc[["a/conflict.jpg", "b/conflict.jpg"]]
    assert (conflict["status"] == "quarantined").all()
    assert conflict["reason"].str.startswith("same bytes in two classes").all()


def _archive(path: Path, names: list[str]) -> None:
    with tarfile.open(path, "w") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(FILES[name])
            archive.addfile(member, io.BytesIO(FILES[name]))


def test_the_order_of_files_and_threads_decides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (tmp_path / name for name in ("first", "second"))
    names = list(FILES)
    for root, order in ((first, names), (second, names[::-1])):
        root.mkdir()
        _archive(root / "photographs.tar", order)
    made = _ingest(first, "photographs.tar")
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    monkeypatch.setattr("os.process_cpu_count", lambda: 1, raising=False)
    again = _ingest(second, "photographs.tar")
    for name in ("ledger", "groups", "near_pairs", "quarantine"):
        pd.testing.assert_frame_equal(made[name], again[name])


def test_time_and_numbers_may_be_left_out(tmp_path: Path) -> None:
    write_tree(tmp_path / "photographs", FILES)
    groups = _ingest(tmp_path, burst_seconds=None, number_gap=0)["groups"]
    assert not groups["path"].str.contains("burst").any()
    assert np.unique(groups["linked_by"]).tolist() == ["likeness"]


def test_pairs_that_are_taken_apart_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    turned = {n: encoded(textured(9).rotate(20 * n)) for n in range(3)}
    chain = {f"a/c{number}.jpg": data for number, data in turned.items()}
    write_tree(tmp_path / "photographs", {**STRANGERS, **chain})
    groups = _ingest(tmp_path)["groups"]
    assert len(groups) == 2
    assert "1 pairs that show one subject are in two groups, because" in caplog.text
    assert "lower ingest.groups.likeness" in caplog.text
