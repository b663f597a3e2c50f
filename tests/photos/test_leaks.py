import pandas as pd
import pytest

from kigezi.errors import DataError
from kigezi.photos.leaks import refuse_leaks

LEDGER = pd.DataFrame(
    {
        "path": ["a/1", "a/2", "b/1", "b/2", "b/copy"],
        "photo_id": ["p1", "p2", "p3", "p4", "p4"],
        "label": ["a", "a", "b", "b", "b"],
        "status": ["kept"] * 4 + ["duplicate"],
        "group_id": ["g1", "g1", "g3", "g4", "g4"],
        "split": ["train", "train", "test", "validation", ""],
    }
)
KEPT = LEDGER[LEDGER["status"] == "kept"]
MANIFEST = KEPT.merge(pd.DataFrame({"copy": [0, 1]}), how="cross")


def test_an_honest_dataset_passes() -> None:
    refuse_leaks(LEDGER, MANIFEST)


def test_a_group_in_two_splits_is_refused() -> None:
    ledger = LEDGER.assign(split=["train", "test", "test", "validation", ""])
    manifest = MANIFEST.drop(columns="split").merge(ledger[["photo_id", "split"]][:4])
    said = "a/1 and a/2 show one subject .group g1., but one is in train and the other"
    with pytest.raises(DataError, match=said):
        refuse_leaks(ledger, manifest)


@pytest.mark.parametrize(("column", "value"), [("split", "test"), ("label", "b")])
def test_an_image_that_stands_elsewhere_is_refused(column: str, value: str) -> None:
    manifest = MANIFEST.copy()
    manifest.loc[1, column] = value
    with pytest.raises(DataError, match="the photograph p1 has another class or split"):
        refuse_leaks(LEDGER, manifest)


@pytest.mark.parametrize("photo_id", ["p3", "p9"])
def test_missing_and_strange_photographs_are_refused(photo_id: str) -> None:
    manifest = MANIFEST[MANIFEST["photo_id"] != photo_id]
    if photo_id == "p9":
        manifest = pd.concat([manifest, manifest[:1].assign(photo_id=photo_id)])
    with pytest.raises(DataError, match=f"the photograph {photo_id} has another"):
        refuse_leaks(LEDGER, manifest)
