import pytest
from PIL import Image

from kigezi.errors import DataError
from kigezi.photos.hashing import hash_photograph
from kigezi.photos.proposing import propose_pairs
from tests.pictures import textured

NAMES = ["a/x1.jpg", "a/x3.jpg", "a/x4.jpg", "a/y2.jpg", "b/x2.jpg", "a/x 10.jpg"]


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        (0, []),
        (1, [(1, 2)]),
        (2, [(0, 1), (1, 2)]),
        (3, [(0, 1), (0, 2), (1, 2)]),
        (6, [(0, 1), (0, 2), (1, 2), (2, 5)]),
    ],
)
def test_neighbours_have_close_numbers_in_one_series(
    gap: int, expected: list[tuple[int, int]]
) -> None:
    hashes = [hash_photograph(textured(seed)) for seed in range(len(NAMES))]
    pairs = propose_pairs(NAMES, hashes, 0, gap)
    found = zip(pairs["first"], pairs["second"], strict=True)
    assert sorted(found) == expected
    assert pairs["neighbours"].all()


def test_numbers_that_mean_something_else_propose_few_pairs() -> None:
    paths = [f"a/{number:04d}/IMG 1.jpg" for number in range(50)]
    same = [f"a/{number}, IMG 1.jpg" for number in range(50)]
    hashes = [hash_photograph(textured(seed)) for seed in range(50)]
    assert propose_pairs(paths, hashes, 0, 6).empty
    assert 0 < len(propose_pairs(same, hashes, 0, 2)) <= 50 * 4


def test_a_pair_that_both_propose_is_a_pair_of_neighbours() -> None:
    hashes = [hash_photograph(textured(1))] * 2
    pairs = propose_pairs(["a/1.jpg", "a/2.jpg"], hashes, 10, 1)
    assert pairs["neighbours"].tolist() == [True]


def test_hashes_that_tell_nothing_apart_are_said() -> None:
    hashes = [hash_photograph(Image.new("RGB", (32, 32)))] * 300
    paths = [f"a/{number}" for number in range(300)]
    with pytest.raises(DataError, match=r"^more than 100 times as many pairs .* lower"):
        propose_pairs(paths, hashes, 10, 0)
