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
    homes = kept.drop_duplicates(["group_id", "split"])
    apart = homes[homes.duplicated("group_id", keep=False)].sort_values("group_id")
    if len(apart):
        paths, splits = apart["path"].tolist(), apart["split"].tolist()
        raise DataError(
            f"{paths[0]} and {paths[1]} show one subject (group "
            f"{apart['group_id'].iloc[0]}), but one is in {splits[0]} and the other in "
            f"{splits[1]}, so that accuracies would be too good: {_REMEDY}"
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
