import numpy as np
import pandas as pd
import pytest

from kigezi.errors import DataError
from kigezi.photos.grouping import assign_groups, confirm, effective_number
from kigezi.photos.pairing import name_pairs
from kigezi.photos.splitting import assign_splits
from tests.pictures import group_parameters


def _ledger(paths: list[str], **columns: list[str]) -> pd.DataFrame:
    ledger = pd.DataFrame({"path": paths, "label": [path[0] for path in paths]})
    ledger["photo_id"] = [f"{path:-<64}" for path in paths]
    return ledger.assign(**{"status": "kept", "taken": "", "camera": "", **columns})


def _compared(*rows: tuple[int, int, float]) -> pd.DataFrame:
    """Pairs of positions, which are proposed by their hashes."""
    table = pd.DataFrame(rows, columns=["first", "second", "likeness"])
    table = table.astype({"first": int, "second": int, "likeness": float})
    return table.assign(neighbours=False, orientation=0)


def _pairs(*rows: tuple[str, str, float]) -> pd.DataFrame:
    """Confirmed pairs of paths."""
    paths = sorted({path for *ends, _ in rows for path in ends})
    places = [(paths.index(one), paths.index(two), found) for one, two, found in rows]
    confirmed = confirm(_compared(*places), group_parameters())
    return name_pairs(_ledger(paths), confirmed)


def _together(ledger: pd.DataFrame) -> list[list[str]]:
    kept = ledger[ledger["group_id"] != ""]
    groups = [rows["path"].tolist() for _, rows in kept.groupby("group_id")]
    return sorted(group for group in groups if len(group) > 1)


def test_without_pairs_everything_is_alone_in_its_group() -> None:
    alone, refused = _ledger(["a/1"]), _ledger(["a/1"], status=["quarantined"])
    for ledger in (_ledger(["a/1", "a/2", "b/1"]), alone, refused):
        grouped, table = assign_groups(ledger, _pairs(), group_parameters())
        assert grouped["group_id"].is_unique
        assert table.empty
        assert table.columns.tolist() == ["group_id", "label", "path", "linked_by"]


def test_a_group_bears_the_beginning_of_its_smallest_photo_id() -> None:
    ledger = _ledger(["a/1", "a/2", "a/3"])
    ledger["photo_id"] = ["c" * 64, "b" * 64, "a" * 64]
    pairs = _pairs(("a/1", "a/2", 0.5)).assign(photo_id_1="c" * 64, photo_id_2="b" * 64)
    grouped, table = assign_groups(ledger, pairs, group_parameters())
    assert grouped["group_id"].tolist() == ["b" * 16, "b" * 16, "a" * 16]
    assert table["path"].tolist() == ["a/1", "a/2"]
    assert (table["linked_by"] == "likeness").all()


def test_duplicates_share_a_group_and_unusable_files_have_none() -> None:
    ledger = _ledger(["a/1", "a/2", "a/3", "b/4"])
    ledger["photo_id"] = ["x" * 64, "x" * 64, "", "y" * 64]
    ledger["status"] = ["kept", "duplicate", "ignored", "quarantined"]
    grouped, _ = assign_groups(ledger, _pairs(), group_parameters())
    assert grouped["group_id"].tolist() == ["x" * 16, "x" * 16, "", ""]


def test_a_pair_across_classes_shares_a_group() -> None:
    grouped, table = assign_groups(
        _ledger(["a/1", "a/2", "b/1"]), _pairs(("a/1", "b/1", 0.5)), group_parameters()
    )
    assert _together(grouped) == [["a/1", "b/1"]]
    assert table["label"].tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("neighbours", "found", "one_subject"),
    [
        (False, 0.19, False),
        (False, 0.2, True),
        (True, 0.069, False),
        (True, 0.07, True),
    ],
)
def test_neighbours_need_less_likeness(
    neighbours: bool, found: float, one_subject: bool
) -> None:
    pairs = _compared((0, 1, found)).assign(neighbours=neighbours)
    assert confirm(pairs, group_parameters())["one_subject"].tolist() == [one_subject]


def test_the_orientation_that_is_alike_enough_is_the_one() -> None:
    pairs = _compared((2, 3, 0.3), (0, 1, 0.1))
    upright = pairs.assign(neighbours=True)
    turned = pairs.assign(orientation=1, likeness=[0.25, 0.15])[::-1]
    mirrored = pairs.assign(orientation=2, likeness=[0.05, 0.19])
    found = confirm(pd.concat([mirrored, turned, upright]), group_parameters())
    assert found["first"].tolist() == [2, 0]
    assert found["likeness"].tolist() == [0.3, 0.1]
    assert found["orientation"].tolist() == [0, 0]
    assert found["one_subject"].all()


BURST = {
    "a/1": ("09:00:00", "one"),
    "a/2": ("09:00:02", "one"),
    "a/3": ("09:00:04", "one"),
    "a/4": ("09:00:01", "two"),
    "a/5": ("09:00:01", "two"),
    "a/6": ("09:00:01", ""),
    "a/7": ("09:00:01", ""),
}


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (2, [["a/1", "a/2"], ["a/4", "a/5"]]),
        (4, [["a/1", "a/2", "a/3"], ["a/4", "a/5"]]),
        (0, [["a/4", "a/5"]]),
        (None, []),
    ],
)
@pytest.mark.parametrize("day", ["2026-11-23", "0001-01-01"])
def test_bursts_are_of_one_camera_and_are_no_chains(
    seconds: float | None, expected: list[list[str]], day: str
) -> None:
    taken = [f"{day}T{time}" for time, _ in BURST.values()]
    ledger = _ledger(list(BURST), taken=taken, camera=[by for _, by in BURST.values()])
    undated = _ledger(["a/8", "a/9"], camera=["one", "one"])
    grouped, table = assign_groups(
        pd.concat([ledger, undated], ignore_index=True),
        _pairs(),
        group_parameters(burst_seconds=seconds),
    )
    assert _together(grouped) == expected
    assert (table["linked_by"] == "time").all()


SERIES = ["a/leaf1_x.jpg", "a/leaf1_y.jpg", "a/leaf2_x.jpg", "b/leaf2_y.jpg", "b/z.jpg"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"(leaf\d+)_", [SERIES[:2], SERIES[2:4]]),
        (r"^(.)/(leaf\d+)_", [SERIES[:2]]),
        (r"leaf(1)|leaf(2)", [SERIES[:2], SERIES[2:4]]),
        (r"(?P<plant>leaf\d)_(x)?", []),
        (r"(root\d+)_", []),
    ],
)
def test_a_series_shares_what_all_parts_of_the_pattern_find(
    pattern: str, expected: list[list[str]]
) -> None:
    parameters = group_parameters(series=pattern)
    grouped, table = assign_groups(_ledger(SERIES), _pairs(), parameters)
    assert _together(grouped) == expected
    assert (table["linked_by"] == "name").all()


def test_every_rule_that_linked_a_photograph_is_said() -> None:
    pairs = _pairs((SERIES[0], SERIES[1], 0.5), (SERIES[1], SERIES[4], 0.4))
    parameters = group_parameters(series=r"(leaf1)_")
    grouped, table = assign_groups(_ledger(SERIES), pairs, parameters)
    assert _together(grouped) == [SERIES[:2]]
    assert table["linked_by"].tolist() == ["likeness and name"] * 2


@pytest.mark.parametrize(("members", "largest"), [(10, 0.02), (21, 0.1), (11, 0.5)])
def test_a_group_of_the_largest_size_is_let_through(
    members: int, largest: float
) -> None:
    paths = [f"a/{'x' if n < members else n}_{n}" for n in range(210)]
    parameters = group_parameters(series="a/(x|.+)_", largest=largest)
    grouped, _ = assign_groups(_ledger(paths), _pairs(), parameters)
    assert grouped["group_id"].value_counts().max() == members


@pytest.mark.parametrize(("members", "largest"), [(11, 0.02), (22, 0.1)])
def test_too_large_a_group_stops_the_run(members: int, largest: float) -> None:
    paths = [f"a/{'x' if n < members else n}_{n:03d}" for n in range(210)]
    parameters = group_parameters(series="a/(x|.+)_", largest=largest)
    said = rf"^{members} photographs of the class 'a', among them a/x_000 and a/x_0.. *"
    said += rf".* group by name, more than {100 * largest:g} % of the class: raise"
    with pytest.raises(DataError, match=said):
        assign_groups(_ledger(paths), _pairs(), parameters)


@pytest.mark.parametrize("seed", range(6))
def test_groups_never_cross_splits_whatever_the_order(seed: int) -> None:
    generator = np.random.default_rng(seed)
    paths = [f"{'abc'[n % 3]}/{n:03d}" for n in range(90)]
    ends = [sorted(generator.choice(paths, 2, replace=False)) for _ in range(40)]
    pairs = _pairs(*((a, b, generator.uniform(0.2, 1)) for a, b in ends))
    taken = [f"2026-01-01T09:00:{generator.integers(60):02d}" for _ in paths]
    ledger = _ledger(paths, taken=taken, camera=["x"] * 90)
    splits = []
    for order in (slice(None), slice(None, None, -1)):
        grouped, table = assign_groups(
            ledger[order].reset_index(drop=True),
            pairs[order],
            group_parameters(largest=1, burst_seconds=0),
        )
        split = assign_splits(grouped, 0.1, 0.2, seed)
        assert (split.groupby("group_id")["split"].nunique() == 1).all()
        assert len(table) > 10
        splits.append(split.set_index("path").sort_index()[["group_id", "split"]])
    pd.testing.assert_frame_equal(*splits)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [([1] * 7, 7), ([5], 1), ([2, 2, 2], 3), ([3, 1], 1.6), ([99, 1], 1.02)],
)
def test_effective_number(sizes: list[int], expected: float) -> None:
    assert effective_number(pd.Series(sizes)) == pytest.approx(expected, abs=0.001)
