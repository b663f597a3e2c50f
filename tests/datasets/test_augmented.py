import json
import os
import warnings
from pathlib import Path

import pandas as pd
import pytest

from kigezi.datasets import augmented, contents
from kigezi.datasets.aside import _HOST
from kigezi.datasets.contents import content_digest
from kigezi.datasets.versions import MANIFEST
from kigezi.errors import DataError
from kigezi.folders import PhotographFolder
from kigezi.photos.building import DatasetBuild
from tests.datasets.builds import dataset, small_build


def _contents(root: Path) -> dict[str, bytes]:
    """All stored bytes by path below the version's folder."""
    (version,) = dataset(root).load().all()
    paths = sorted(version.path.rglob("*.*"))
    return {str(one.relative_to(version.path)): one.read_bytes() for one in paths}


def test_12_photographs_make_48_images(tmp_path: Path) -> None:
    build = small_build(tmp_path / "photographs")
    dataset(tmp_path).save(build)
    version = dataset(tmp_path).load().version(build.digest)
    images = list(version.path.glob("images/*/*.jpg"))
    assert len(images) == len(version.manifest) == 48
    assert {str(one.relative_to(version.path)) for one in images} == set(
        version.manifest["path"]
    )
    assert version.find_damage() is None


def test_manifest(tmp_path: Path) -> None:
    build = small_build(tmp_path / "photographs")
    dataset(tmp_path).save(build)
    manifest = dataset(tmp_path).load().version(build.digest).manifest
    assert manifest["image_id"].is_monotonic_increasing
    assert (
        manifest["image_id"]
        == manifest["photo_id"] + "_" + manifest["copy"].astype(str)
    ).all()
    assert manifest["copy"].value_counts().to_dict() == dict.fromkeys(range(4), 12)
    assert json.loads(manifest["recipe"][0]) == {}
    assert -30 <= json.loads(manifest["recipe"][1])["rotation"] <= 30
    merged = manifest.merge(build.photographs, on=["photo_id", "label", "split"])
    assert len(merged) == 48


@pytest.mark.parametrize("chunk", [1, 5, 12])
def test_the_manifest_does_not_depend_on_how_many_rows_are_held(
    chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = small_build(tmp_path / "photographs")
    dataset(tmp_path / "whole").save(build)
    monkeypatch.setattr(contents, "_CHUNK", chunk)
    dataset(tmp_path / "parts").save(build)
    manifests = [
        dataset(tmp_path / name).load().version(build.digest).manifest
        for name in ("whole", "parts")
    ]
    pd.testing.assert_frame_equal(*manifests)


def test_many_copies_are_sorted_by_name(tmp_path: Path) -> None:
    build = small_build(tmp_path / "photographs", copies=10)
    dataset(tmp_path).save(build)
    manifest = dataset(tmp_path).load().version(build.digest).manifest
    assert manifest["image_id"].is_monotonic_increasing


def test_description(tmp_path: Path) -> None:
    build = small_build(tmp_path / "photographs")
    dataset(tmp_path).save(build)
    version = dataset(tmp_path).load().version(build.digest)
    description = version.description
    assert description["digest"] == build.digest
    assert description["content_digest"] == content_digest(version.path / MANIFEST)
    assert sum(sum(each.values()) for each in description["counts"].values()) == 48
    assert description["parameters"]["image"]["size"] == 32
    assert set(description["versions"]) == {"pillow", "libjpeg_turbo", "zlib", "numpy"}


def test_same_bytes_with_any_number_of_workers_and_any_listing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset(tmp_path / "one", workers=1).save(small_build(tmp_path / "photographs"))
    entries = PhotographFolder.entries
    monkeypatch.setattr(PhotographFolder, "entries", lambda self: entries(self)[::-1])
    dataset(tmp_path / "two", workers=2).save(small_build(tmp_path / "photographs"))
    assert _contents(tmp_path / "one") == _contents(tmp_path / "two")


def test_unchanged_is_not_written_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    build = small_build(tmp_path / "photographs")
    for _ in range(2):
        dataset(tmp_path).save(build)
    (version,) = dataset(tmp_path).load().all()
    assert f"unchanged: version {version.name} is used again" in caplog.messages


def test_settings_a_then_b_then_a_give_a(tmp_path: Path) -> None:
    one = small_build(tmp_path / "photographs")
    other = small_build(tmp_path / "photographs", seed=8)
    for build in (one, other, one):
        dataset(tmp_path).save(build)
    store = dataset(tmp_path).load()
    assert [version.digest for version in store.all()] == [other.digest, one.digest]
    assert store.version(one.digest).digest == one.digest


def test_no_warning_reaches_the_user(tmp_path: Path) -> None:
    one = small_build(tmp_path / "photographs")
    other = small_build(tmp_path / "photographs", seed=8)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        dataset(tmp_path).save(one)
        pinned = dataset(tmp_path).load().all()[0].name
        dataset(tmp_path, load=pinned).save(other)
        dataset(tmp_path).save(one)


def test_nothing_is_visible_of_a_save_that_dies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(aside: Path, final: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(augmented, "publish", fail)
        with pytest.raises(KeyboardInterrupt):
            dataset(tmp_path).save(small_build(tmp_path / "photographs"))
    assert os.listdir(tmp_path / "augmented") == []
    assert not dataset(tmp_path).exists()
    dataset(tmp_path).save(small_build(tmp_path / "photographs"))
    assert dataset(tmp_path).exists()


def test_leftovers_of_dead_processes_go_with_the_next_save(tmp_path: Path) -> None:
    build = small_build(tmp_path / "photographs")
    dataset(tmp_path).save(build)
    dead = f".incomplete-{_HOST}-4194305-2020"
    leftover = tmp_path / "augmented" / dead / "augmented"
    leftover.mkdir(parents=True)
    (leftover / "dataset.json").write_text("{}")
    assert len(dataset(tmp_path).load().all()) == 1
    dataset(tmp_path).save(build)
    assert not leftover.exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_photograph_that_changed_is_named(tmp_path: Path, workers: int) -> None:
    build = small_build(tmp_path / "photographs")
    changed = tmp_path / "photographs" / "a" / "003.jpg"
    changed.write_bytes(changed.read_bytes() + b"\0")
    with pytest.raises(DataError, match=r"a/003\.jpg .*has changed.*pipeline=ingest"):
        dataset(tmp_path, workers).save(build)
    assert os.listdir(tmp_path / "augmented") == []


def test_a_photograph_that_is_gone_is_named(tmp_path: Path) -> None:
    build = small_build(tmp_path / "photographs")
    (tmp_path / "photographs" / "a" / "003.jpg").unlink()
    with pytest.raises(DataError, match=r"a/003\.jpg .*cannot be read"):
        dataset(tmp_path).save(build)


def _damage(build: DatasetBuild, root: Path) -> Path:
    version = dataset(root).load().version(build.digest)
    image = version.path / version.manifest["path"][5]
    image.write_bytes(image.read_bytes()[:-1])
    return image


def test_a_damaged_version_is_not_used_again(tmp_path: Path) -> None:
    build = small_build(tmp_path / "photographs")
    dataset(tmp_path).save(build)
    _damage(build, tmp_path)
    dataset(tmp_path).save(build)
    store = dataset(tmp_path).load()
    assert len(store.all()) == 2
    assert store.version(build.digest).find_damage() is None


def test_labels_become_portable_folders(tmp_path: Path) -> None:
    build = small_build(tmp_path / "photographs")
    named = build.photographs["label"].replace({"a": "con", "b": "é?"})
    object.__setattr__(build, "photographs", build.photographs.assign(label=named))
    dataset(tmp_path).save(build)
    manifest = dataset(tmp_path).load().all()[0].manifest
    folders = manifest["path"].str.split("/").str[1]
    assert set(folders) == {"%63on", "%C3%A9%3F"}
    assert set(manifest["label"]) == {"con", "é?"}
