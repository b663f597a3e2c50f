"""The gate before training: nothing that is judged on was trained on."""

import pandas as pd

from kigezi.errors import DataError

_REMEDY = "run `kedro run --pipeline=ingest` and `kedro run --pipeline=augment` again."


def refuse_leaks(ledger: pd.DataFrame, manifest: pd.DataFrame) -> None:
    """Let nobody train when one subject stands in two splits.

    Args:
        ledger: A row a file, with `path, photo_id, label, status, group_id, split`.
        manifest: A row an image, with `photo_id, label, split`.

    Raises:
        DataError: A group stands in two splits, or an image is not in the split and
            class of its photograph.
    """
    kept = ledger[ledger["status"] == "kept"]
    for group, members in kept.groupby("group_id"):
        if members["split"].nunique() > 1:
            apart = members.drop_duplicates("split")
            raise DataError(
                f"{apart['path'].iloc[0]} and {apart['path'].iloc[1]} show one subject "
                f"(group {group}), but one is in {apart['split'].iloc[0]} and the "
                f"other in {apart['split'].iloc[1]}, so that accuracies would be too "
                f"good: {_REMEDY}"
            )
    facts = ["photo_id", "label", "split"]
    images = (
        manifest[facts].drop_duplicates().merge(kept, "outer", facts, indicator=True)
    )
    strange = images[images["_merge"] != "both"]
    if len(strange):
        raise DataError(
            f"the augmented dataset does not fit the ledger: the photograph "
            f"{strange['photo_id'].iloc[0]} has another class or split in one than in "
            f"the other, or is missing ({len(strange):,} such rows): {_REMEDY}"
        )
