import pandas as pd
import pytest

from kigezi.errors import DataError
from kigezi.photos import linking
from kigezi.photos.linking import Links, confirmed_groups, join_links

ABC = [("a", "b", 0.5), ("b", "c", 0.4)]


def _alike(pairs: list[tuple[str, str, float]]) -> pd.DataFrame:
    columns = ["photo_id_1", "photo_id_2", "likeness"]
    return pd.DataFrame(pairs, columns=columns).astype({"likeness": float})


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], []),
        ([("b", "a", 0.3)], [("a", "b")]),
        (ABC, [("a", "b")]),
        ([*ABC, ("a", "c", 0.1)], [("a", "b", "c")]),
        ([*ABC, ("c", "d", 0.3)], [("a", "b"), ("c", "d")]),
        ([("a", "b", 1.0), ("y", "z", 0.2)], [("a", "b"), ("y", "z")]),
    ],
)
def test_only_what_is_alike_in_every_pair_is_one_group(
    pairs: list[tuple[str, str, float]], expected: Links
) -> None:
    assert sorted(confirmed_groups(_alike(pairs))) == expected
    assert sorted(confirmed_groups(_alike(pairs[::-1]))) == expected


def test_equal_chains_are_cut_in_the_same_place_in_any_order() -> None:
    pairs = _alike([(f"{n:02d}", f"{n + 1:02d}", 0.5) for n in range(20)])
    first = confirmed_groups(pairs)
    assert all(len(link) == 2 for link in first)
    for seed in range(5):
        shuffled = pairs.sample(frac=1, random_state=seed)
        swapped = shuffled.rename(
            columns={"photo_id_1": "photo_id_2", "photo_id_2": "photo_id_1"}
        )
        assert confirmed_groups(swapped) == first


def test_an_endless_chain_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linking, "_MOST_LINKED", 2)
    with pytest.raises(DataError, match=r"^3 photographs are linked .* raise ingest"):
        confirmed_groups(_alike(ABC))


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ([], {}),
        ([("a",), ()], {}),
        ([("b", "a"), ("b", "c")], {"a": "a", "b": "a", "c": "a"}),
        ([("z", "y"), ("c", "d")], {"z": "y", "y": "y", "c": "c", "d": "c"}),
    ],
)
def test_what_shares_a_photograph_is_joined(
    links: Links, expected: dict[str, str]
) -> None:
    assert join_links(links) == expected
    assert join_links(link[::-1] for link in links[::-1]) == expected
