import pandas as pd

from kigezi.photos.comparing import compare_photographs

OLD = pd.DataFrame(
    {
        "photo_id": ["a", "a", "b", "b"],
        "label": ["x", "x", "y", "y"],
        "split": "train",
        "sha256_pixels": ["1", "2", "3", "4"],
        "sha256": ["5", "6", "7", "8"],
    }
)


def test_equal_manifests_have_no_differences() -> None:
    table = compare_photographs(OLD, OLD)
    assert table.empty
    assert table.columns[-1] == "change"


def test_several_changes_of_one_photograph_are_joined() -> None:
    new = OLD.copy()
    new.loc[2:, ["label", "split"]] = ["z", "test"]
    new.loc[3, ["sha256_pixels", "sha256"]] = ["9", "9"]
    (row,) = compare_photographs(OLD, new).itertuples(index=False)
    assert tuple(row) == (
        *("b", "y", "z", "train", "test"),
        "relabelled, moved to another split, re-augmented",
    )


def test_bytes_alone_are_told_apart_from_pixels() -> None:
    table = compare_photographs(OLD, OLD.assign(sha256=["5", "6", "7", "9"]))
    assert table["photo_id"].tolist() == ["b"]
    assert table["change"].tolist() == ["encoded anew"]
