"""How time and memory grow with the photographs.

    python -m tests.benchmarks.scale
    python -m tests.benchmarks.scale --full

Both run the project's own commands, each in a process of its own:

- `growth`: `ingest` and `augment` of 2,400 and 24,000 photographs of 64 px (with
  `--full` 100,000 too). Time should grow as they do, and memory hardly at all; only the
  comparison of every hash with every other one, and the pairs that hashes propose by
  chance, grow with the square. The files are cut from a few hundred drawn photographs,
  each from another place.
- `memory` (with `--full` only, for it takes some ten minutes): the memory of `augment`
  and `tune` at the size of the study, 9,660 images of 224 px: the head alone, and the
  entire network in batches of 32, an epoch each.

Memory is the largest seen in all processes together, ten times a second, without what
is mapped from files.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.commands import Project, Run
from tests.benchmarks.pictures import cut_photographs, draw_photographs
from tests.benchmarks.table import columns

SIZES = (2400, 24_000)
FULL_SIZES = (*SIZES, 100_000)
STUDY = 2415
"""photographs of the published study"""

# Of a few hundred drawn photographs, 100,000 squares overlap, so thousands would be
# linked as one subject, which is refused; what is compared does not depend on it.
_GROWTH = """
image: {size: 64}
ingest: {source: photographs, groups: {likeness: 1.0, likeness_of_neighbours: 1.0}}
"""
_MEMORY = """
ingest: {source: photographs}
tune:
  baseline: {weights: random, epochs: 1, learning_rate: 1.0e-4}
  stages:
    freeze: {top_10: null, top_20: null}
    learning_rate: null
    batch_size: null
    optimizer: null
    epochs: null
"""


def main() -> None:
    """Print a table of each size, and with `--full` one of memory."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--full", action="store_true", help="100,000 photographs too")
    full = parser.parse_args().full
    with TemporaryDirectory(prefix="kigezi-benchmark-") as name:
        for table in growth(Path(name), FULL_SIZES if full else SIZES):
            _say(table)
        if full:
            _say(memory(Path(name)))


def growth(folder: Path, sizes: tuple[int, ...]) -> Iterator[str]:
    """Ingest and augment folders of several sizes: a table of each."""
    drawn = folder / "drawn"
    draw_photographs(drawn, count=300, size=(512, 512))
    for count in sizes:
        project = Project(folder / f"growth-{count}", _GROWTH)
        cut_photographs(project.folder / "photographs", drawn, count, 64)
        yield columns(
            [
                _row(f"{step}, {count:,} photographs", count, run)
                for step, run in _steps(project)
            ]
        )


def memory(folder: Path) -> str:
    """Augment and train at the size of the published study."""
    project = Project(folder / "memory", _MEMORY)
    draw_photographs(project.folder / "photographs", count=STUDY, size=(256, 256))
    rows = [
        _row(f"{step}, {STUDY:,} photographs", STUDY, run)
        for step, run in _steps(project)
    ]
    run = project.run("--pipeline=tune")
    what = f"tune, {4 * STUDY:,} images of 224 px, batches of 32"
    return columns([*rows, _row(what, STUDY, run)])


def _steps(project: Project) -> list[tuple[str, Run]]:
    steps = ("ingest", "augment")
    return [(step, project.run(f"--pipeline={step}")) for step in steps]


def _row(what: str, photographs: int, run: Run) -> dict[str, str]:
    return {
        "what": what,
        "seconds": f"{run.seconds:.0f}",
        "photographs/s": f"{photographs / run.seconds:,.0f}",
        "peak memory (MB)": f"{run.memory / 1e6:,.0f}",
    }


def _say(table: str) -> None:
    sys.stdout.write(table + "\n\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
