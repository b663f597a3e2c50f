"""Time several ways of doing the same work, and print how they compare."""

import importlib.util
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
from tabulate import tabulate

NOT_INSTALLED = 'not installed: `pip install -e ".[bench]"`'


@dataclass(frozen=True)
class Cost:
    """What it took to do the work once."""

    seconds: float
    """on the clock"""
    processor: float
    """seconds that all cores together were busy, in the processes started for it too"""


@dataclass(frozen=True)
class Row:
    """One way of doing the work; the first row of a table is ours."""

    what: str
    run: Callable[[], Cost] | None
    """does the work once and says what it took; None: its package is missing"""
    costs: list[Cost] = field(default_factory=list)
    """of each repeat so far"""

    @property
    def seconds(self) -> list[float]:
        """On the clock, of each repeat."""
        return [cost.seconds for cost in self.costs]

    @property
    def median(self) -> float:
        """Seconds on the clock of the repeat in the middle."""
        return statistics.median(self.seconds)


def is_installed(*modules: str) -> bool:
    """Whether all of these modules could be imported."""
    return all(importlib.util.find_spec(module) for module in modules)


def cost_of(work: Callable[[], None]) -> Cost:
    """What the work takes; processes that it starts have to end with it."""
    started, busy = time.perf_counter(), _busy()
    work()
    return Cost(time.perf_counter() - started, _busy() - busy)


def _busy() -> float:
    """Processor seconds of this process and those that it started; the fifth is none.

    Windows counts only this process.
    """
    return sum(os.times()[:4])


def run_in_turn(rows: Sequence[Row], repeats: int) -> None:
    """Run every row once a repeat, so that all of them see the same machine.

    Every other repeat goes backwards: what one row leaves behind (a warm processor,
    memory, files to be written) does not always meet the same row.
    """
    present = [row for row in rows if row.run]
    for repeat in range(repeats):
        for row in present if repeat % 2 == 0 else reversed(present):
            row.costs.append(row.run())


def markdown(rows: Sequence[Row], items: int, unit: str) -> str:
    """The rows as a Markdown table.

    Args:
        rows: Ours first, after they were run.
        items: How many items one run makes.
        unit: What the items are called, as in `images`.
    """
    ours = rows[0].median
    lines = [_line(row, items, ours) for row in rows]
    headers = ["what", f"{unit}/s", "seconds: median (range)", "ours / this"]
    headers.append("processor seconds")
    sides = ("left", *["right"] * 4)
    return tabulate(
        lines, headers, tablefmt="pipe", disable_numparse=True, colalign=sides
    )


def columns(rows: Sequence[Mapping[str, str]]) -> str:
    """Lines that are text already as a Markdown table; missing cells stay empty."""
    table = pd.DataFrame(rows).fillna("")
    return str(table.to_markdown(index=False, disable_numparse=True))


def spread(seconds: Sequence[float]) -> str:
    """The median, and the smallest and largest where there are several."""
    middle = f"{statistics.median(seconds):.3g}"
    if len(seconds) == 1:
        return middle
    return f"{middle} ({min(seconds):.3g} to {max(seconds):.3g})"


def _line(row: Row, items: int, ours: float) -> list[str]:
    if row.run is None:
        return [row.what, NOT_INSTALLED, "", "", ""]
    return [
        row.what,
        f"{items / row.median:,.0f}",
        spread(row.seconds),
        f"{row.median / ours:.2f}",
        f"{statistics.median(cost.processor for cost in row.costs):.2f}",
    ]
