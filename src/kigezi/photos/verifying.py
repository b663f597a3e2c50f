"""What differs between a stored dataset and what its photographs make now.

Every function returns one row a difference, with `path, photo_id, problem`.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

_FACTS = ["photo_id", "copy", "label", "split", "path", "recipe"]
"""columns of the manifest besides the hashes"""


def compare_description(
    stored: Mapping[str, Any], expected: Mapping[str, Any]
) -> pd.DataFrame:
    """Entries of `dataset.json` that are not as they should be.

    Args:
        stored: What it holds.
        expected: Some of its entries, as they should be.
    """
    wrong = [key for key, value in expected.items() if stored.get(key) != value]
    problems = [f"its {key} does not fit the dataset" for key in wrong]
    return pd.DataFrame({"path": "dataset.json", "photo_id": "", "problem": problems})


def compare_rows(
    manifest: pd.DataFrame, made: pd.DataFrame, faults: pd.DataFrame
) -> pd.DataFrame:
    """Rows that the manifest lacks, has twice or should not have.

    Args:
        manifest: As it is stored.
        made: The rows that it should have, without those of faulty photographs.
        faults: The `photo_id` of photographs that could not be made again.
    """
    lacking = ~made["image_id"].isin(manifest["image_id"])
    unknown = ~manifest["image_id"].isin(made["image_id"])
    unknown &= ~manifest["photo_id"].isin(faults["photo_id"])
    twice = manifest["image_id"].duplicated()
    return _found(
        {
            "the manifest has no row for this image": made[lacking],
            "no photograph makes this row of the manifest": manifest[unknown],
            "the manifest has two rows for this image": manifest[twice],
        }
    )


def compare_files(
    manifest: pd.DataFrame, made: pd.DataFrame, files: Mapping[str, str]
) -> pd.DataFrame:
    """Images of the manifest that are missing or damaged.

    Args:
        manifest: As it is stored.
        made: The rows that it should have, without those of faulty photographs.
        files: sha256 of every stored file, by path.
    """
    stored = manifest["path"].map(files)
    right = manifest["image_id"].map(dict(made[["image_id", "sha256"]].to_numpy()))
    missing = stored.isna()
    other = ~missing & (stored != manifest["sha256"])
    falsely = "the image is right, but the manifest has another sha256 for it"
    return _found(
        {
            "the image is missing": manifest[missing],
            "the image is damaged": manifest[other & (stored != right)],
            falsely: manifest[other & (stored == right)],
        }
    )


def find_unnamed(
    manifest: pd.DataFrame, made: pd.DataFrame, files: Mapping[str, str]
) -> pd.DataFrame:
    """Stored files that no row names; see `compare_files`."""
    known = {*manifest["path"], *made["path"]}
    unnamed = [path for path in files if path not in known]
    rows = pd.DataFrame({"path": unnamed, "photo_id": ""})
    return _found({"no row of the manifest names this file": rows})


def compare_images(
    manifest: pd.DataFrame, made: pd.DataFrame, files: Mapping[str, str]
) -> pd.DataFrame:
    """Images that are not those that their photographs make now.

    Args:
        manifest: As it is stored.
        made: The rows that it should have, without those of faulty photographs.
        files: sha256 of every stored file, by path.
    """
    stored = manifest.drop_duplicates("image_id")
    both = made.merge(stored, on="image_id", suffixes=("", "_stored"))
    pixels = both["sha256_pixels"] != both["sha256_pixels_stored"]
    # Where the file is not as the manifest says, `compare_files` has told so.
    whole = both["path_stored"].map(files) == both["sha256_stored"]
    encoded = whole & ~pixels & (both["sha256"] != both["sha256_stored"])
    facts = {
        f"the manifest has another {fact} for this image": both[
            both[fact] != both[f"{fact}_stored"]
        ]
        for fact in _FACTS
    }
    return _found(
        {
            "the pixels differ": both[pixels],
            "only the JPEG's bytes differ, the pixels are equal": both[encoded],
            **facts,
        }
    )


def _found(rows: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One table of rows by what is wrong with them."""
    columns = ["path", "photo_id"]
    return pd.concat([one[columns].assign(problem=text) for text, one in rows.items()])
