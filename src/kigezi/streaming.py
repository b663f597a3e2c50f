"""Work through many things while only some of them are held in memory."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from itertools import islice
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Map(Protocol):
    """Calls a function with every item, in one process or many, as `map` does."""

    def __call__(
        self, function: Callable[[Item], Result], items: Iterable[Item], /
    ) -> Iterator[Result]:
        """The results in the order of the items."""


def in_batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items, so many at a time; the last ones may be fewer."""
    rest = iter(items)
    return iter(lambda: list(islice(rest, size)), [])


def map_ahead(
    pool: Executor,
    function: Callable[[Item], Result],
    items: Iterable[Item],
    ahead: int,
) -> Iterator[Result]:
    """The results in the order of the items, which are taken as they are needed.

    The pool's own `map` takes all items at once, which fills the memory with them.

    Args:
        pool: Does the work.
        function: What it does with an item.
        items: Any number of them.
        ahead: Items that are given to the pool before the result of the first of them
            is asked for.
    """
    under_way: deque[Future[Result]] = deque()
    for item in items:
        if len(under_way) >= ahead:
            yield under_way.popleft().result()
        under_way.append(pool.submit(function, item))
    while under_way:
        yield under_way.popleft().result()
