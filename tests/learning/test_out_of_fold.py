import numpy as np
import pandas as pd
import pytest

from kigezi.errors import DataError
from kigezi.learning.out_of_fold import (
    forest,
    forest_of_table,
    linear,
    make_folds,
    predict_out_of_fold,
)


def _series(count: int, groups: int) -> tuple[pd.Series, pd.Series]:
    numbers = np.arange(count)
    return pd.Series(["a", "b"])[numbers % 2], pd.Series(numbers // 2 % groups)


def test_groups_are_never_parted() -> None:
    labels, groups = _series(60, groups=15)
    folds = make_folds(labels, groups, 5, seed=7)
    assert len(folds) == 5
    for known, asked in folds:
        assert not set(groups.iloc[known]) & set(groups.iloc[asked])
    assert sorted(np.concatenate([asked for _, asked in folds])) == list(range(60))


def test_the_seed_decides_the_folds() -> None:
    labels, groups = _series(60, groups=30)
    first, again, other = (
        make_folds(labels, groups, 5, seed)[0][1] for seed in (1, 1, 2)
    )
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_a_small_class_makes_fewer_folds() -> None:
    labels = pd.Series(["a"] * 20 + ["b"] * 6)
    groups = pd.Series([*range(20), 20, 20, 21, 21, 22, 22])
    assert len(make_folds(labels, groups, 5, seed=7)) == 3


def test_a_class_of_one_group_is_refused() -> None:
    labels = pd.Series(["a"] * 5 + ["b"] * 2)
    with pytest.raises(DataError, match="the class 'b' has photographs of one group"):
        make_folds(labels, pd.Series([*range(5), 9, 9]), 5, seed=7)


def test_a_duplicate_cannot_vouch_for_a_label() -> None:
    noise = np.random.default_rng(0).normal(size=(40, 8))
    seen = np.repeat(noise, 2, axis=0)
    labels = np.repeat(np.arange(40) // 3 % 2, 2)
    apart = make_folds(pd.Series(labels), pd.Series(range(80)), 5, 0)
    together = make_folds(pd.Series(labels), pd.Series(np.arange(80) // 2), 5, 0)
    right = [
        (
            predict_out_of_fold(forest(0, 80), seen, labels, folds).argmax(1) == labels
        ).mean()
        for folds in (apart, together)
    ]
    assert right[0] > 0.85
    assert right[1] < 0.7


@pytest.mark.filterwarnings("error")
def test_few_photographs_are_enough() -> None:
    labels = np.arange(6) % 2
    folds = make_folds(pd.Series(labels), pd.Series(range(6)), 5, 0)
    for model in (forest(0, 6), linear()):
        seen = np.random.default_rng(0).normal(size=(6, 4))
        assert predict_out_of_fold(model, seen, labels, folds).shape == (6, 2)


def test_trees_of_many_photographs_grow_from_a_part() -> None:
    assert forest(0, 20_000).max_samples is None
    assert forest(0, 100_000).max_samples == 0.2


def test_a_line_is_found_among_more_features_than_photographs() -> None:
    labels = np.arange(60) % 2
    seen = np.random.default_rng(0).normal(size=(60, 200))
    seen[:, :20] += 1.5 * labels[:, None]
    folds = make_folds(pd.Series(labels), pd.Series(range(60)), 5, 0)
    probabilities = predict_out_of_fold(linear(), seen, labels, folds)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert (probabilities.argmax(1) == labels).mean() > 0.9


def test_a_table_may_hold_gaps_and_new_words() -> None:
    labels = np.arange(30) % 2
    words = np.where(labels, "Canon", [f"phone {number}" for number in range(30)])
    table = pd.DataFrame({"day": np.nan, "bytes": 5, "camera": words})
    folds = make_folds(pd.Series(labels), pd.Series(range(30)), 5, 0)
    model = forest_of_table(0, 30, ["camera"])
    answers = predict_out_of_fold(model, table, labels, folds).argmax(1)
    assert (answers == labels).mean() > 0.9
