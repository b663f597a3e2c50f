from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from kigezi.datasets.augmented import AugmentedDataset
from kigezi.errors import DataError
from kigezi.photos.making import MadeImage
from kigezi.pipelines.diff.nodes import compare_versions
from kigezi.schemas import DiffParameters
from tests.datasets.builds import dataset, small_build

HEAD = ["photo_id", "label_old", "label_new", "split_old", "split_new", "change"]


def _diff(root: Path, old: str | None = None, new: str | None = None) -> pd.DataFrame:
    store = dataset(root).load()
    table = compare_versions(store, DiffParameters(old=old, new=new))
    assert list(table.columns) == HEAD
    return table


def _names(root: Path) -> list[str]:
    return [version.name for version in dataset(root).load().all()]


def _save(root: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Save the small build with other photographs, as other ones would be saved."""
    build = small_build(root / "photographs")
    photographs = change(build.photographs.copy())
    digest = f"{build.digest}{len(_names(root))}"
    dataset(root).save(replace(build, photographs=photographs, digest=digest))


def test_changes_of_photographs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    ids = small_build(tmp_path / "photographs").photographs["photo_id"]

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[2, "label"] = "c"
        rows.loc[[2, 3], "split"] = "elsewhere"
        return rows.drop(index=1)

    _save(tmp_path, lambda rows: rows.drop(index=0))
    _save(tmp_path, change)
    table = _diff(tmp_path).set_index("photo_id")
    assert table["change"].to_dict() == {
        ids[0]: "added",
        ids[1]: "removed",
        ids[2]: "relabelled, moved to another split",
        ids[3]: "moved to another split",
    }
    assert table.loc[ids[2], "label_new"] == "c"
    assert table.loc[ids[3], "split_new"] == "elsewhere"
    assert table.loc[ids[3], "split_old"] != "elsewhere"
    assert pd.isna(table.loc[ids[0], "label_old"])
    assert pd.isna(table.loc[ids[1], "split_new"])
    assert "4 photographs differ: 1 added, 1 removed, " in caplog.text


def test_settings_that_differ(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    for zoom in ([0.9, 1.2], [0.9, 1.1]):
        build = small_build(tmp_path / "photographs", zoom=zoom, rotation=10 * zoom[1])
        dataset(tmp_path).save(build)
    table = _diff(tmp_path)
    assert table["change"].tolist() == ["re-augmented"] * 12
    assert "diff: setting augment.rotation: 12.0 -> 11.0" in caplog.messages
    assert "diff: setting augment.zoom: [0.9, 1.2] -> [0.9, 1.1]" in caplog.messages
    assert "diff: 12 photographs differ: 12 re-augmented" in caplog.messages
    assert "library" not in caplog.text
    assert "copies" not in caplog.text


def test_more_copies_are_a_change(tmp_path: Path) -> None:
    for copies in (1, 2):
        dataset(tmp_path).save(small_build(tmp_path / "photographs", copies=copies))
    assert _diff(tmp_path)["change"].tolist() == ["re-augmented"] * 12


def test_another_quality_is_a_change(tmp_path: Path) -> None:
    for quality in (80, 90):
        build = small_build(tmp_path / "photographs", jpeg_quality=quality)
        dataset(tmp_path).save(build)
    assert _diff(tmp_path)["change"].tolist() == ["encoded anew"] * 12


def test_one_photograph_that_is_made_anew(tmp_path: Path) -> None:
    build = small_build(tmp_path / "photographs")
    photo_id = build.photographs["photo_id"][4]

    def make(data: bytes, name: str) -> list[MadeImage]:
        images = build.make(data, name)
        return images[::-1] if name == photo_id else images

    dataset(tmp_path).save(build)
    dataset(tmp_path).save(replace(build, make=make, digest="other"))
    assert _diff(tmp_path)["photo_id"].tolist() == [photo_id]


def test_libraries_that_differ(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("INFO")
    _save(tmp_path, lambda rows: rows)
    monkeypatch.setattr("PIL.__version__", "99.0")
    _save(tmp_path, lambda rows: rows)
    assert _diff(tmp_path).empty
    assert any(
        message.startswith("diff: library pillow: ") and message.endswith(" -> 99.0")
        for message in caplog.messages
    )


@pytest.fixture
def three(tmp_path: Path) -> AugmentedDataset:
    """Versions of 12, 11 and again 12 photographs."""
    for dropped in ([], [0], []):
        _save(tmp_path, lambda rows, dropped=dropped: rows.drop(index=dropped))
    return dataset(tmp_path)


@pytest.mark.usefixtures("three")
def test_the_newest_two_are_compared_unless_others_are_named(tmp_path: Path) -> None:
    newest, middle, oldest = _names(tmp_path)
    assert _diff(tmp_path)["change"].tolist() == ["added"]
    assert _diff(tmp_path, new=middle)["change"].tolist() == ["removed"]
    assert _diff(tmp_path, old=newest, new=middle)["change"].tolist() == ["removed"]
    assert _diff(tmp_path, old=oldest).empty


@pytest.mark.usefixtures("three")
def test_equal_content_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    newest, _, oldest = _names(tmp_path)
    assert _diff(tmp_path, oldest, newest).empty
    said = "diff: both versions hold the same photographs and the same images"
    assert said in caplog.messages


@pytest.mark.usefixtures("three")
def test_an_unknown_name_lists_the_versions(tmp_path: Path) -> None:
    names = ", ".join(_names(tmp_path))
    for named in ({"old": "2020"}, {"new": "2020"}):
        with pytest.raises(DataError, match=f"no version 2020 .*there are: {names}"):
            _diff(tmp_path, **named)


@pytest.mark.usefixtures("three")
def test_a_version_is_not_compared_with_itself_or_with_none(tmp_path: Path) -> None:
    newest, _, oldest = _names(tmp_path)
    for named in ({"old": newest}, {"new": oldest}, {"old": newest, "new": newest}):
        with pytest.raises(
            DataError, match=f"needs two versions .*{newest}, .*{oldest}"
        ):
            _diff(tmp_path, **named)


def test_fewer_than_two_versions(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there are: none; .*pipeline=augment"):
        _diff(tmp_path)
    _save(tmp_path, lambda rows: rows)
    (name,) = _names(tmp_path)
    with pytest.raises(DataError, match=f"needs two versions .* there are: {name};"):
        _diff(tmp_path)
