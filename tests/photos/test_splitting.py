import pandas as pd
import pytest

from kigezi.errors import DataError
from kigezi.photos.splitting import assign_splits, mark_duplicates


def _ledger(groups: dict[str, list[int]]) -> pd.DataFrame:
    """Kept photographs: by class, the number of photographs in each of its groups."""
    rows = [
        (f"{label}/{group:04d}-{member}.jpg", label, f"{label}-{group}")
        for label, sizes in groups.items()
        for group, size in enumerate(sizes)
        for member in range(size)
    ]
    ledger = pd.DataFrame(rows, columns=["path", "label", "group_id"])
    return ledger.assign(photo_id=ledger["path"], status="kept", reason="")


def _survey(*rows: tuple[str, str]) -> pd.DataFrame:
    survey = pd.DataFrame(rows, columns=["path", "photo_id"])
    label = survey["path"].str.split("/").str[0]
    return survey.assign(label=label, status="kept", reason="")


def test_first_of_equal_photographs_is_kept() -> None:
    marked = mark_duplicates(_survey(("a/2", "x"), ("a/1", "x"), ("b/1", "y")))
    assert marked["path"].tolist() == ["a/1", "a/2", "b/1"]
    assert marked["status"].tolist() == ["kept", "duplicate", "kept"]
    assert marked["reason"][1] == "same bytes as a/1"


def test_equal_photographs_in_two_classes_are_both_refused() -> None:
    marked = mark_duplicates(
        _survey(("a/1", "x"), ("a/2", "x"), ("b/1", "x"), ("b/2", "y"))
    )
    assert marked["status"].tolist() == [*["quarantined"] * 3, "kept"]
    assert "a/1 and b/1" in marked["reason"][0]


def test_files_that_are_no_photographs_are_no_duplicates() -> None:
    survey = _survey(("a/1", ""), ("b/1", ""), ("b/2", "x"))
    survey["status"] = ["ignored", "quarantined", "kept"]
    assert mark_duplicates(survey)["status"].tolist() == survey["status"].tolist()


def test_the_survey_is_not_changed() -> None:
    survey = _survey(("a/2", "x"), ("a/1", "x"))
    before = survey.copy()
    mark_duplicates(survey)
    pd.testing.assert_frame_equal(survey, before)


@pytest.mark.parametrize("seed", range(5))
def test_no_group_stands_in_two_splits(seed: int) -> None:
    sizes = [1 + (number * 7 + seed) % 5 for number in range(60)]
    ledger = _ledger({"a": sizes, "b": sizes[:9], "c": sizes[:3]})
    split = assign_splits(ledger, 0.1, 0.2, seed)
    assert (split.groupby("group_id")["split"].nunique() == 1).all()
    assert (split.groupby("label")["split"].nunique() == 3).all()


def test_a_group_of_two_classes_stays_together() -> None:
    ledger = _ledger({"a": [1] * 30, "b": [1] * 30})
    shared = ledger["path"].str[2:4] == "00"
    shared &= ledger["path"].str[4:6] < "05"
    ledger.loc[shared, "group_id"] = "shared-" + ledger["path"].str[2:6]
    split = assign_splits(ledger, 0.1, 0.2, 1)
    assert (split.groupby("group_id")["split"].nunique() == 1).all()


def test_shared_groups_leave_each_class_its_three_splits() -> None:
    ledger = _ledger({"a": [1] * 13, "b": [3] * 10})
    shared = ledger["group_id"].str.fullmatch(r"a-\d")
    ledger.loc[shared, "group_id"] = ledger["group_id"].str.replace("a", "b")
    split = assign_splits(ledger, 0.1, 0.2, 7)
    assert split.loc[split["group_id"].str.startswith("a"), "split"].nunique() == 3


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (3, (1, 1, 1)),
        (4, (2, 1, 1)),
        (10, (7, 1, 2)),
        (20, (14, 2, 4)),
        (1000, (700, 100, 200)),
    ],
)
def test_fractions_achieved(count: int, expected: tuple[int, int, int]) -> None:
    split = assign_splits(_ledger({"a": [1] * count, "b": [1] * 3}), 0.1, 0.2, 7)
    counts = split.loc[split["label"] == "a", "split"].value_counts()
    assert tuple(counts[["train", "validation", "test"]]) == expected


@pytest.mark.parametrize("count", range(3, 12))
def test_something_is_left_to_train_on(count: int) -> None:
    split = assign_splits(_ledger({"a": [1] * count, "b": [1] * 3}), 0.4, 0.4, 7)
    assert (split.groupby("label")["split"].nunique() == 3).all()


def test_split_depends_on_the_seed_and_not_on_the_order() -> None:
    ledger = _ledger({"a": [1] * 40, "b": [2] * 40})
    first = assign_splits(ledger, 0.1, 0.2, 1).set_index("path")["split"]
    shuffled = ledger.sample(frac=1, random_state=3, ignore_index=True)
    again = assign_splits(shuffled, 0.1, 0.2, 1).set_index("path")["split"]
    other = assign_splits(ledger, 0.1, 0.2, 2).set_index("path")["split"]
    assert first.equals(again[first.index])
    assert not first.equals(other)


def test_only_kept_photographs_have_a_split() -> None:
    ledger = _ledger({"a": [1] * 5, "b": [1] * 5})
    ledger.loc[0, "status"] = "duplicate"
    split = assign_splits(ledger, 0.1, 0.2, 1)["split"]
    assert (split == "").tolist() == [True, *[False] * 9]


def test_a_small_class_is_named() -> None:
    with pytest.raises(DataError, match=r"class 'b' has 2 .* at least 3"):
        assign_splits(_ledger({"a": [1] * 9, "b": [5, 5]}), 0.1, 0.2, 1)


def test_a_class_with_nothing_usable_is_named() -> None:
    ledger = _ledger({"a": [1] * 9, "b": [1] * 9, "c": [1]})
    ledger.loc[ledger["label"] == "c", "status"] = "quarantined"
    with pytest.raises(DataError, match="class 'c' has 0"):
        assign_splits(ledger, 0.1, 0.2, 1)


@pytest.mark.parametrize(
    ("classes", "said"), [({"a": [1] * 9}, "only 'a'"), ({}, "none")]
)
def test_one_class_is_refused(classes: dict[str, list[int]], said: str) -> None:
    with pytest.raises(DataError, match=f"at least two classes, but there is {said}"):
        assign_splits(_ledger(classes), 0.1, 0.2, 1)
