"""What differs between two versions of the augmented dataset."""

import pandas as pd


def compare_photographs(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Photographs that differ between the manifests of two versions.

    Returns:
        `photo_id, label_old, label_new, split_old, split_new, change`, sorted by
        `photo_id`; several changes are joined with commas.
    """
    both = _by_photograph(old).merge(
        _by_photograph(new),
        how="outer",
        on="photo_id",
        suffixes=("_old", "_new"),
        indicator="side",
    )
    stays = both["side"] == "both"
    differs = {
        name: stays & (both[f"{name}_old"] != both[f"{name}_new"])
        for name in ("label", "split", "sha256_pixels", "sha256")
    }
    changes = {
        "added": both["side"] == "right_only",
        "removed": both["side"] == "left_only",
        "relabelled": differs["label"],
        "moved to another split": differs["split"],
        "re-augmented": differs["sha256_pixels"],
        "encoded anew": differs["sha256"] & ~differs["sha256_pixels"],
    }
    table = pd.DataFrame(changes)
    words = [", ".join(table.columns[row]) for row in table.to_numpy()]
    columns = ["photo_id", "label_old", "label_new", "split_old", "split_new"]
    return both[columns].assign(change=words)[table.any(axis=1)]


def _by_photograph(manifest: pd.DataFrame) -> pd.DataFrame:
    """One row a photograph, with the hashes of all its images in one."""
    together = {"label": "first", "split": "first", "sha256_pixels": "sum"}
    return manifest.groupby("photo_id").agg({**together, "sha256": "sum"}).reset_index()
