"""Small builds of the augmented dataset, made the way the pipelines make them."""

from pathlib import Path
from typing import Any

from kedro.io import Version

from kigezi.datasets.augmented import AugmentedDataset
from kigezi.folders import PhotographFolder
from kigezi.photos.building import DatasetBuild, plan_build
from kigezi.photos.splitting import assign_splits, mark_duplicates
from kigezi.photos.surveying import Limits, survey
from tests.pictures import augment_parameters, image_parameters, photograph_folder


def small_build(root: Path, **changes: Any) -> DatasetBuild:
    """12 photographs in two classes; they are written unless they are there."""
    folder = PhotographFolder(str(root))
    if not root.exists():
        photograph_folder(root, {"a": 7, "b": 5})
    rows = mark_duplicates(survey(folder, Limits(1, 16)))
    alone = rows.assign(group_id=rows["photo_id"].str[:16])
    ledger = assign_splits(alone, 0.1, 0.2, 7)
    return plan_build(ledger, folder, image_parameters(), augment_parameters(**changes))


def dataset(root: Path, workers: int = 1, load: str | None = None) -> AugmentedDataset:
    """The dataset as Kedro makes it for one run."""
    version = Version(load, None)
    return AugmentedDataset(
        filepath=str(root / "augmented"), workers=workers, version=version
    )
