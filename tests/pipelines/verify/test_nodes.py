import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kigezi.datasets.versions import AugmentedVersion
from kigezi.errors import DataError
from kigezi.photos.building import DatasetBuild, library_versions
from kigezi.photos.making import MadeImage
from kigezi.pipelines.verify.nodes import judge_verification, verify_images
from tests.datasets.builds import dataset, small_build

COLUMNS = ["path", "photo", "problem", "remedy"]


@pytest.fixture
def build(tmp_path: Path) -> DatasetBuild:
    build = small_build(tmp_path / "photographs")
    dataset(tmp_path).save(build)
    return build


def _version(root: Path) -> AugmentedVersion:
    return dataset(root).load().all()[0]


def _verify(root: Path, build: DatasetBuild, workers: int = 1) -> pd.DataFrame:
    table = verify_images(build, dataset(root, workers).load())
    assert list(table.columns) == COLUMNS
    assert not table.isna().any(axis=None)
    return table


def _change_manifest(
    root: Path, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> AugmentedVersion:
    version = _version(root)
    change(version.manifest.copy()).to_parquet(version.path / "manifest.parquet")
    return version


def _describe(root: Path, **changes: Any) -> None:
    file = _version(root).path / "dataset.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def _problems(table: pd.DataFrame) -> dict[str, list[str]]:
    """Problems by path, without that of the digest that most faults bring along."""
    images = table[table["path"] != "dataset.json"]
    return images.groupby("path")["problem"].apply(list).to_dict()


@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_differs(
    tmp_path: Path,
    build: DatasetBuild,
    workers: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    table = _verify(tmp_path, build, workers)
    assert table.empty
    judge_verification(table)
    assert (
        "verify: 12 photographs and 48 images were made again; 48 images are equal"
        in caplog.messages
    )
    assert not any("were made with" in message for message in caplog.messages)


def _rot(photograph: Path) -> None:
    data = bytearray(photograph.read_bytes())
    data[-200:-100] = bytes(100)
    photograph.write_bytes(data)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("fault", "words"),
    [(_rot, "has changed since it was ingested"), (Path.unlink, "cannot be read")],
)
def test_a_source_that_is_not_what_it_was(
    tmp_path: Path,
    build: DatasetBuild,
    workers: int,
    fault: Callable[[Path], None],
    words: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    fault(tmp_path / "photographs" / "b" / "001.jpg")
    (row,) = _verify(tmp_path, build, workers).itertuples()
    photo_id = build.photographs.set_index("path")["photo_id"]["b/001.jpg"]
    assert (row.path, row.photo) == ("", "b/001.jpg")
    assert words in row.problem
    assert photo_id in row.remedy
    assert str(tmp_path / "photographs") in row.remedy
    assert "11 photographs and 44 images were made again; 44 images" in caplog.text


def test_no_source_is_what_it_was(tmp_path: Path, build: DatasetBuild) -> None:
    for photograph in (tmp_path / "photographs").glob("*/*.jpg"):
        _rot(photograph)
    assert len(_verify(tmp_path, build)) == 12


def test_images_of_a_changed_photograph_are_still_looked_at(
    tmp_path: Path, build: DatasetBuild
) -> None:
    version = _version(tmp_path)
    row = version.manifest.iloc[5]
    photo = build.photographs.set_index("photo_id")["path"][row["photo_id"]]
    _rot(tmp_path / "photographs" / photo)
    (version.path / row["path"]).unlink()
    table = _verify(tmp_path, build)
    assert table["path"].tolist() == ["", row["path"]]
    assert table["photo"].tolist() == [photo, photo]
    assert table["problem"].tolist()[1] == "the image is missing"


@pytest.mark.parametrize("kind", ["missing", "damaged", "folder"])
def test_a_stored_file_that_is_not_what_it_was(
    tmp_path: Path, build: DatasetBuild, kind: str
) -> None:
    version = _version(tmp_path)
    path = version.manifest["path"][7]
    data = (version.path / path).read_bytes()
    (version.path / path).unlink()
    if kind == "damaged":
        (version.path / path).write_bytes(data[:-1] + b"?")
    if kind == "folder":
        (version.path / path).mkdir()
    table = _verify(tmp_path, build)
    said = "the image is damaged" if kind == "damaged" else "the image is missing"
    assert _problems(table) == {path: [said]}
    assert f"delete the folder {version.path.parent}" in table["remedy"].iloc[0]
    assert table["photo"].iloc[0].endswith(".jpg")


def test_a_file_that_no_row_names(tmp_path: Path, build: DatasetBuild) -> None:
    version = _version(tmp_path)
    for name in ("stray.jpg", ".DS_Store"):
        (version.path / "images" / name).write_bytes(b"")
    table = _verify(tmp_path, build)
    assert table["path"].tolist() == ["images/stray.jpg"]
    assert table["remedy"].tolist() == ["delete the file"]


def _other(build: DatasetBuild, pixels: str = "") -> DatasetBuild:
    """A build whose library writes other bytes, and maybe other pixels, for copy 2."""

    def make(data: bytes, photo_id: str) -> list[MadeImage]:
        images = build.make(data, photo_id)
        recipe, jpeg, sha256_pixels = images[2]
        images[2] = (recipe, jpeg + b"\0", pixels or sha256_pixels)
        return images

    return replace(build, make=make)


@pytest.mark.parametrize(
    ("pixels", "said"),
    [
        ("", "only the JPEG's bytes differ, the pixels are equal"),
        ("0" * 64, "the pixels differ"),
    ],
)
def test_another_library_makes_other_images(
    tmp_path: Path,
    build: DatasetBuild,
    pixels: str,
    said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    here = library_versions()
    _describe(tmp_path, versions={**here, "pillow": "1.2.3"})
    table = _verify(tmp_path, _other(build, pixels))
    assert len(table) == 12
    assert set(table["problem"]) == {said}
    assert table["path"].str.endswith("_2.jpg").all()
    difference = f"pillow 1.2.3 (here {here['pillow']})"
    assert table["remedy"].str.startswith(f"install {difference}").all()
    assert f"verify: the stored images were made with {difference}" in caplog.messages


def test_pixels_that_differ_with_the_same_libraries(
    tmp_path: Path, build: DatasetBuild
) -> None:
    table = _verify(tmp_path, _other(build, "0" * 64))
    assert table["remedy"].str.startswith("delete the folder").all()


def test_a_row_that_is_missing(tmp_path: Path, build: DatasetBuild) -> None:
    version = _change_manifest(tmp_path, lambda rows: rows.drop(index=3))
    table = _verify(tmp_path, build)
    path = version.manifest["path"][3]
    assert _problems(table) == {path: ["the manifest has no row for this image"]}
    assert "dataset.json" in set(table["path"])


def test_a_row_that_no_photograph_makes(tmp_path: Path, build: DatasetBuild) -> None:
    def add(rows: pd.DataFrame) -> pd.DataFrame:
        more = rows.tail(1).assign(
            image_id="z_0", photo_id="z", path="images/a/z_0.jpg"
        )
        return pd.concat([rows, more, rows.head(1)])

    version = _change_manifest(tmp_path, add)
    assert _problems(_verify(tmp_path, build)) == {
        "images/a/z_0.jpg": [
            "no photograph makes this row of the manifest",
            "the image is missing",
        ],
        version.manifest["path"][0]: ["the manifest has two rows for this image"],
    }


@pytest.mark.parametrize(
    ("column", "value"),
    [("label", "c"), ("split", "other"), ("recipe", "{}"), ("copy", 9)],
)
def test_a_row_that_was_changed(
    tmp_path: Path, build: DatasetBuild, column: str, value: Any
) -> None:
    def change(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[6, column] = value
        return rows

    path = _change_manifest(tmp_path, change).manifest["path"][6]
    said = f"the manifest has another {column} for this image"
    table = _verify(tmp_path, build)
    assert table[["path", "problem"]].to_numpy().tolist() == [[path, said]]


def test_a_sha256_that_was_changed(tmp_path: Path, build: DatasetBuild) -> None:
    def change(rows: pd.DataFrame) -> pd.DataFrame:
        rows.loc[6, "sha256"] = "0" * 64
        return rows

    path = _change_manifest(tmp_path, change).manifest["path"][6]
    said = "the image is right, but the manifest has another sha256 for it"
    assert _problems(_verify(tmp_path, build)) == {path: [said]}


@pytest.mark.parametrize(
    "changes",
    [
        {"content_digest": "0" * 64},
        {"parameters": {}},
        {"photographs": 1},
        {"images": 1},
    ],
)
def test_a_description_that_was_changed(
    tmp_path: Path, build: DatasetBuild, changes: dict[str, Any]
) -> None:
    _describe(tmp_path, **changes)
    (row,) = _verify(tmp_path, build).itertuples()
    assert row.path == "dataset.json"
    assert row.problem == f"its {next(iter(changes))} does not fit the dataset"


def test_a_difference_ends_with_a_sentence() -> None:
    rows = [["", "a/1.jpg", "it is gone", "fetch it"], ["x.jpg", "a/1.jpg", "y", "z"]]
    with pytest.raises(DataError) as caught:
        judge_verification(pd.DataFrame(rows, columns=COLUMNS))
    said = caught.value.message
    assert "2 differences in data/08_reporting/verification.csv" in said
    assert said.endswith("the first being a/1.jpg: it is gone; fetch it.")
