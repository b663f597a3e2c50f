"""Compare two versions of the augmented dataset."""

import logging

import pandas as pd

from kigezi.errors import DataError
from kigezi.photos.comparing import compare_photographs
from kigezi.schemas import DiffParameters
from kigezi.stores import AugmentedVersions, DatasetVersion

_log = logging.getLogger(__name__)


def compare_versions(
    augmented: AugmentedVersions, parameters: DiffParameters
) -> pd.DataFrame:
    """What has changed from one version to another, in photographs and settings.

    Args:
        augmented: The store of all versions of the dataset.
        parameters: Which two are compared.

    Returns:
        One row a photograph that differs: see `compare_photographs`.

    Raises:
        DataError: There are not two such versions.
    """
    old, new = _choose(augmented, parameters)
    _log.info("diff: version %s -> %s", old.name, new.name)
    for change in _changes(old, new):
        _log.info("diff: %s", change)
    table = compare_photographs(old.manifest, new.manifest)
    if table.empty:
        _log.info("diff: both versions hold the same photographs and the same images")
    else:
        counts = table["change"].value_counts()
        listed = ", ".join(f"{count:,} {change}" for change, count in counts.items())
        _log.info("diff: %s photographs differ: %s", f"{len(table):,}", listed)
    return table


def _choose(
    augmented: AugmentedVersions, parameters: DiffParameters
) -> tuple[DatasetVersion, DatasetVersion]:
    """The older and the newer version; those not named follow from the other one."""
    new = old = None
    versions = augmented.all()
    if parameters.new:
        new = augmented.named(parameters.new)
    elif versions:
        new = versions[0]
    before = [version for version in versions if new and version.name < new.name]
    if parameters.old:
        old = augmented.named(parameters.old)
    elif before:
        old = before[0]
    if old is None or new is None or old.name == new.name:
        names = ", ".join(version.name for version in versions) or "none"
        raise DataError(
            "a comparison needs two versions of the augmented dataset, with the newer "
            f"one as diff.new; there are: {names}; name two of them, or make another "
            "one with other settings and `kedro run --pipeline=augment`."
        )
    return old, new


def _changes(old: DatasetVersion, new: DatasetVersion) -> list[str]:
    """Settings and libraries that differ, as `augment.rotation: 30.0 -> 20.0`."""
    before, after = (
        pd.json_normalize(
            {
                "setting": version.description["parameters"],
                "library": version.description["versions"],
            }
        ).to_dict("records")[0]
        for version in (old, new)
    )
    return [
        f"{key.replace('.', ' ', 1)}: {before.get(key)} -> {after.get(key)}"
        for key in dict.fromkeys([*before, *after])
        if before.get(key) != after.get(key)
    ]
