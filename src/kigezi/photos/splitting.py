"""Exact duplicates, and the split of photographs into three sets."""

import pandas as pd

from kigezi.errors import DataError

SPLITS = ("train", "validation", "test")

FOLDS = 20
"""folds of a class, so that fractions come in steps of 5 %"""

FEWEST_GROUPS = 3
"""one for each split"""


def mark_duplicates(survey: pd.DataFrame) -> pd.DataFrame:
    """Keep one of several equal photographs, and none where their classes differ.

    Args:
        survey: One row a file, with `path, photo_id, label, status, reason`.

    Returns:
        The rows sorted by path, some `duplicate` or `quarantined` that were `kept`.
    """
    ledger = survey.sort_values("path", ignore_index=True)
    kept = ledger[ledger["status"] == "kept"]
    for _, same in kept[kept.duplicated("photo_id", keep=False)].groupby("photo_id"):
        if same["label"].nunique() > 1:
            ledger.loc[same.index, "status"] = "quarantined"
            ledger.loc[same.index, "reason"] = _conflict(same)
        else:
            first, *others = same.index
            ledger.loc[others, "status"] = "duplicate"
            ledger.loc[others, "reason"] = f"same bytes as {same.at[first, 'path']}"
    return ledger


def _conflict(same: pd.DataFrame) -> str:
    places = " and ".join(same.drop_duplicates("label")["path"])
    return f"same bytes in two classes, {places}: keep it in the right one only"


def assign_splits(
    ledger: pd.DataFrame, validation: float, test: float, seed: int
) -> pd.DataFrame:
    """Put every kept photograph into a split, class by class and group by group.

    Args:
        ledger: Rows sorted by path, with `label, status, group_id`.
        validation: Fraction of each class's photographs for validation.
        test: Fraction of each class's photographs for test.
        seed: Decides which groups go where.

    Raises:
        DataError: There are fewer than two classes, or a class has too few groups.
    """
    kept = ledger[ledger["status"] == "kept"]
    home = _home_class(kept)
    labels = sorted(ledger.loc[ledger["label"] != "", "label"].unique())
    _check_classes(labels, home)
    splits: dict[str, str] = {}
    for label in labels:
        members = kept[kept["group_id"].map(home) == label]
        splits |= _split_class(members, validation, test, seed)
    split = ledger["group_id"].map(splits).where(ledger["status"] == "kept", "")
    return ledger.assign(split=split)


def _home_class(kept: pd.DataFrame) -> pd.Series:
    """By group, the class that most of it is in: a group is split as a whole."""
    counts = kept.groupby(["group_id", "label"]).size().rename("count").reset_index()
    counts = counts.sort_values(["count", "label"], ascending=[False, True])
    return counts.drop_duplicates("group_id").set_index("group_id")["label"]


def _split_class(
    members: pd.DataFrame, validation: float, test: float, seed: int
) -> dict[str, str]:
    """The split of each group of one class."""
    from sklearn.model_selection import StratifiedGroupKFold

    members = members.sort_values(["group_id", "photo_id"])
    count = min(FOLDS, members["group_id"].nunique())
    folds = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    names = _name_folds(count, validation, test)
    one_class = [0] * len(members)
    splits: dict[str, str] = {}
    parts = folds.split(members, one_class, members["group_id"])
    for name, (_, rows) in zip(names, parts, strict=True):
        splits |= dict.fromkeys(members["group_id"].iloc[rows], name)
    return splits


def _name_folds(count: int, validation: float, test: float) -> list[str]:
    """The split of each fold; each split gets at least one."""
    tests = max(1, round(test * count))
    validations = max(1, round(validation * count))
    while tests + validations >= count:
        tests, validations = (
            (tests - 1, validations)
            if tests >= validations
            else (tests, validations - 1)
        )
    trains = count - tests - validations
    return ["test"] * tests + ["validation"] * validations + ["train"] * trains


def _check_classes(labels: list[str], home: pd.Series) -> None:
    if len(labels) < 2:
        only = f"only {labels[0]!r}" if labels else "none"
        raise DataError(
            f"a study needs at least two classes, but there is {only}: name the folder "
            "that holds one folder for each class as ingest.source."
        )
    for label in labels:
        groups = int((home == label).sum())
        if groups < FEWEST_GROUPS:
            raise DataError(
                f"the class {label!r} has {groups} usable photographs that differ, but "
                f"needs at least {FEWEST_GROUPS}, one each for training, validation "
                "and test: add photographs to its folder, or move the folder away."
            )
