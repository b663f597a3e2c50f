"""Compare the stored dataset with what its photographs and settings make now."""

import logging
from collections.abc import Mapping

import pandas as pd

from kigezi.errors import DataError
from kigezi.photos.building import DatasetBuild, library_versions
from kigezi.photos.verifying import (
    compare_description,
    compare_files,
    compare_images,
    compare_rows,
    find_unnamed,
)
from kigezi.stores import AugmentedVersions, DatasetVersion

_log = logging.getLogger(__name__)

TABLE = "data/08_reporting/verification.csv"


def verify_images(build: DatasetBuild, augmented: AugmentedVersions) -> pd.DataFrame:
    """Make every image again, and compare photographs, images and manifest.

    Args:
        build: What the dataset should hold.
        augmented: The store of all versions of the dataset.

    Returns:
        One row a difference: path of the image in the version's folder, path of its
        photograph, problem and remedy; photographs that have changed come first.
    """
    version = augmented.version(build.digest)
    _log.info(
        "verify: version %s with the photographs in %s",
        *(version.name, build.folder.root),
    )
    made, faults = augmented.remake(build)
    changed = faults[["photo_id"]].assign(
        path="",
        problem="the photograph " + faults["problem"],
        remedy=_restore(faults["photo_id"], build.folder.root),
    )
    found = pd.concat([changed, _compare(version, build, made, faults)])
    names = build.photographs.set_index("photo_id")["path"]
    photo = found["photo_id"].map(names).fillna("")
    equal = (~made["path"].isin(found["path"])).sum()
    _log.info(
        "verify: %s photographs and %s images were made again; %s images are equal",
        *(f"{count:,}" for count in (len(names) - len(faults), len(made), equal)),
    )
    return found.assign(photo=photo)[["path", "photo", "problem", "remedy"]]


def judge_verification(verification: pd.DataFrame) -> None:
    """Refuse a dataset that is not what its photographs make.

    Raises:
        DataError: Something differs.
    """
    if verification.empty:
        return
    first = verification.fillna("").iloc[0]
    count = len(verification)
    raise DataError(
        f"the stored dataset is not what its photographs make, {count:,} "
        f"difference{'s' if count > 1 else ''} in {TABLE}, the first being "
        f"{first['path'] or first['photo']}: {first['problem']}; {first['remedy']}."
    )


def _restore(photo_ids: pd.Series, root: str) -> pd.Series:
    return (
        f"put the original file back into {root}, the one with the sha256 "
        + photo_ids
        + " (what was unpacked from an archive is unpacked again once that folder is "
        "deleted), or run `kedro run --pipeline=ingest` if the change is meant"
    )


def _compare(
    version: DatasetVersion,
    build: DatasetBuild,
    made: pd.DataFrame,
    faults: pd.DataFrame,
) -> pd.DataFrame:
    """The differences besides those of photographs, sorted by path, with remedies."""
    manifest, files = version.manifest, version.files()
    expected = {
        "parameters": build.description,
        "photographs": len(build.photographs),
        "images": len(manifest),
        "content_digest": version.content_digest(),
    }
    damage = pd.concat(
        [
            compare_description(version.description, expected),
            compare_rows(manifest, made, faults),
            compare_files(manifest, made, files),
        ]
    )
    other = compare_images(manifest, made, files)
    again = (
        f"delete the folder {version.path.parent} and run "
        "`kedro run --pipeline=augment`"
    )
    reinstall = _reinstall(version.description["versions"])
    found = [
        damage.assign(remedy=again),
        other.assign(remedy=reinstall + again),
        find_unnamed(manifest, made, files).assign(remedy="delete the file"),
    ]
    return pd.concat(found).sort_values("path", kind="stable")


def _reinstall(stored: Mapping[str, str | None]) -> str:
    """The first half of a remedy, where other libraries made the stored images."""
    here = library_versions()
    others = [
        f"{name} {version} (here {here.get(name)})"
        for name, version in stored.items()
        if version != here.get(name)
    ]
    if not others:
        return ""
    listed = ", ".join(others)
    _log.warning("verify: the stored images were made with %s", listed)
    return f"install {listed}, with which it was made, to make the same image, or "
