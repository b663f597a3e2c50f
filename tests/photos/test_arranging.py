import numpy as np
import pandas as pd
import pytest

from kigezi.errors import DataError
from kigezi.photos.arranging import WAYS, arrange


def _images(groups: dict[str, list[int]], copies: int = 3) -> pd.DataFrame:
    """Images of photographs: by class, the number of photographs in each group."""
    rows = [
        (f"{label}{group}-{member}", label, f"{label}{group}")
        for label, sizes in groups.items()
        for group, size in enumerate(sizes)
        for member in range(size)
    ]
    photographs = pd.DataFrame(rows, columns=["photo_id", "label", "group_id"])
    images = photographs.merge(pd.DataFrame({"copy": range(copies + 1)}), how="cross")
    return images.assign(image_id=images["photo_id"] + "_" + images["copy"].astype(str))


IMAGES = _images({"a": [3, 2, 2, *[1] * 23], "b": [2] * 5 + [1] * 10})


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("way", WAYS)
def test_units_stay_whole_and_counts_are_equal(way: str, seed: int) -> None:
    splits = arrange(IMAGES, way, 0.1, 0.2, seed)
    table = IMAGES.assign(split=splits)
    assert (table.groupby(WAYS[way])["split"].nunique() == 1).all()
    counts = pd.crosstab(table["label"], table["split"]).to_dict("index")
    assert counts == {
        "a": {"train": 84, "validation": 12, "test": 24},
        "b": {"train": 56, "validation": 8, "test": 16},
    }


def test_only_the_naive_way_parts_copies_and_only_groups_keep_subjects() -> None:
    parted = {
        (way, unit): IMAGES.assign(split=arrange(IMAGES, way, 0.1, 0.2, 0))
        .groupby(unit)["split"]
        .nunique()
        .max()
        > 1
        for way in WAYS
        for unit in ("photo_id", "group_id")
    }
    assert [unit for unit, apart in parted.items() if apart] == [
        ("images", "photo_id"),
        ("images", "group_id"),
        ("photographs", "group_id"),
    ]


def test_a_seed_decides_and_the_order_of_the_images_does_not() -> None:
    one = pd.Series(arrange(IMAGES, "groups", 0.1, 0.2, 0), IMAGES["image_id"])
    shuffled = IMAGES.sample(frac=1, random_state=1)
    again = pd.Series(arrange(shuffled, "groups", 0.1, 0.2, 0), shuffled["image_id"])
    assert one.equals(again.reindex(one.index))
    assert (one.to_numpy() != arrange(IMAGES, "groups", 0.1, 0.2, 1)).any()


def test_photographs_alone_go_where_they_go_in_both_honest_ways() -> None:
    alone = _images({"a": [1] * 20, "b": [1] * 20})
    ways = [arrange(alone, way, 0.1, 0.2, 3) for way in ("photographs", "groups")]
    assert (ways[0] == ways[1]).all()


def test_small_classes_have_one_photograph_for_each_split() -> None:
    small = _images({"a": [1] * 3, "b": [1] * 3})
    splits = arrange(small, "photographs", 0.05, 0.05, 0)
    assert np.unique(splits, return_counts=True)[1].tolist() == [8, 8, 8]


def test_groups_that_fit_nowhere_are_said() -> None:
    pairs = _images({"a": [2] * 5, "b": [1] * 10})
    with pytest.raises(DataError, match="groups cannot be split in equal counts"):
        arrange(pairs, "groups", 0.1, 0.2, 0)
