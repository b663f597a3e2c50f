from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from kigezi.streaming import in_batches, map_ahead


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, []), (1, [[0]]), (4, [[0, 1], [2, 3]]), (3, [[0, 1], [2]])],
)
def test_batches_hold_every_item_once(count: int, expected: list[list[int]]) -> None:
    assert list(in_batches(iter(range(count)), 2)) == expected


@pytest.mark.parametrize("ahead", [1, 3, 100])
def test_items_are_taken_as_they_are_needed(ahead: int) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(20):
            taken.append(number)
            yield number

    with ThreadPoolExecutor(2) as pool:
        results = map_ahead(pool, str, items(), ahead)
        first = next(results)
        assert len(taken) <= ahead + 1
        assert [first, *results] == list(map(str, range(20)))


def test_an_error_is_the_caller_s() -> None:
    with ThreadPoolExecutor(2) as pool, pytest.raises(ValueError, match="x"):
        list(map_ahead(pool, int, ["1", "x", "3"], ahead=2))
