from pathlib import Path

import pandas as pd
import pytest

from kigezi.folders import PhotographFolder
from kigezi.photos.building import build_digest, kept_rows, plan_build
from tests.pictures import augment_parameters, image_parameters

KEPT = pd.DataFrame(
    {
        "path": ["a/1", "a/2", "b/1"],
        "photo_id": ["x", "y", "z"],
        "label": ["a", "a", "b"],
        "split": ["train", "test", "train"],
    }
)


def _digest(kept: pd.DataFrame = KEPT, size: int = 32, **changes: object) -> str:
    return build_digest(kept, image_parameters(size), augment_parameters(**changes))


def test_digest_does_not_depend_on_paths_or_order() -> None:
    moved = KEPT.assign(path="elsewhere").sample(frac=1, random_state=1)
    assert _digest(moved) == _digest()


def test_digest_is_golden() -> None:
    assert _digest()[:16] == "4e1bf351ff3e427b"


@pytest.mark.parametrize("column", ["photo_id", "label", "split"])
def test_digest_depends_on_each_column(column: str) -> None:
    changed = KEPT.copy()
    changed.loc[0, column] = "other"
    assert _digest(changed) != _digest()


@pytest.mark.parametrize(
    "changes",
    [{"size": 64}, {"copies": 2}, {"jpeg_quality": 90}, {"seed": 8}, {"zoom": [1, 1]}],
)
def test_digest_depends_on_parameters(changes: dict[str, object]) -> None:
    assert _digest(**changes) != _digest()


def test_equal_numbers_make_equal_digests() -> None:
    assert _digest(rotation=30) == _digest(rotation=30.0)


def test_only_kept_rows_are_built(tmp_path: Path) -> None:
    ledger = KEPT.assign(status=["kept", "duplicate", "kept"], reason="")
    folder = PhotographFolder(str(tmp_path))
    build = plan_build(ledger, folder, image_parameters(), augment_parameters())
    assert build.photographs["photo_id"].tolist() == ["x", "z"]
    assert build.digest == _digest(kept_rows(ledger))
    assert build.digest != _digest()
    assert build.description["image"] == {"size": 32, "fit": "crop"}
