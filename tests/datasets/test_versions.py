import shutil
from pathlib import Path

import pytest

from kigezi.datasets.versions import AugmentedVersion, AugmentedVersions
from kigezi.errors import DataError
from tests.datasets.builds import dataset, small_build


@pytest.fixture
def version(tmp_path: Path) -> AugmentedVersion:
    dataset(tmp_path).save(small_build(tmp_path / "photographs"))
    return dataset(tmp_path).load().all()[0]


def test_bytes_are_those_that_were_written(version: AugmentedVersion) -> None:
    path = version.manifest["path"][0]
    assert version.read(path) == (version.path / path).read_bytes()


@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_damage_is_named(version: AugmentedVersion, damage: str) -> None:
    path = version.manifest["path"][0]
    image = version.path / path
    data = bytearray(image.read_bytes())
    data[len(data) // 2] ^= 1
    if damage == "gone":
        image.unlink()
    else:
        image.write_bytes(data if damage == "flip" else data[:-2])
    with pytest.raises(DataError) as caught:
        version.read(path)
    assert str(image) in caught.value.message
    assert f"delete the folder {version.path.parent}" in caught.value.message


@pytest.mark.parametrize("file", ["manifest.parquet", "dataset.json"])
def test_damaged_tables_are_named(version: AugmentedVersion, file: str) -> None:
    (version.path / file).write_bytes(b"rubbish")
    fresh = AugmentedVersion(version.path)
    with pytest.raises(DataError, match=file):
        _ = fresh.manifest if file == "manifest.parquet" else fresh.digest


def test_a_version_as_it_was_written_passes(version: AugmentedVersion) -> None:
    version.check()


@pytest.mark.parametrize("damage", ["image", "pixels", "name", "folder"])
def test_a_manifest_that_does_not_match_is_refused(
    version: AugmentedVersion, damage: str
) -> None:
    manifest = version.manifest
    if damage == "image":
        (version.path / manifest["path"][3]).unlink()
    elif damage == "folder":
        shutil.rmtree(version.path / "images")
    else:
        column = {"pixels": "sha256_pixels", "name": "image_id"}[damage]
        changed = manifest.assign(**{column: manifest[column].to_numpy()[::-1]})
        changed.to_parquet(version.path / "manifest.parquet")
    with pytest.raises(DataError, match="is missing or damaged"):
        AugmentedVersion(version.path).check()


def test_an_unknown_digest_says_what_to_run(version: AugmentedVersion) -> None:
    store = AugmentedVersions(version.path.parent.parent)
    with pytest.raises(DataError, match=r"012345678901.*pipeline=augment"):
        store.version("012345678901234567890")


def test_no_version_at_all(tmp_path: Path) -> None:
    assert not dataset(tmp_path).exists()
    with pytest.raises(DataError, match="pipeline=augment"):
        dataset(tmp_path).load().version("0" * 64)


def test_a_pinned_version_is_the_only_one(
    version: AugmentedVersion, tmp_path: Path
) -> None:
    other = small_build(tmp_path / "photographs", seed=8)
    dataset(tmp_path).save(other)
    pinned = dataset(tmp_path, load=version.name).load()
    assert pinned.version(version.digest) == version
    with pytest.raises(DataError, match=f"load-versions=augmented:{version.name}"):
        pinned.version(other.digest)


def test_a_pinned_version_that_is_not_there(version: AugmentedVersion) -> None:
    store = AugmentedVersions(version.path.parent.parent, pinned="2020")
    with pytest.raises(
        DataError, match=f"no version 2020 .* there are: {version.name}"
    ):
        store.version(version.digest)


def test_a_version_by_its_name(version: AugmentedVersion) -> None:
    store = AugmentedVersions(version.path.parent.parent)
    assert store.named(version.name) == version
    with pytest.raises(DataError, match=f"no version 2020 .* are: {version.name}"):
        store.named("2020")
