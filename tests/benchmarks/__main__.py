"""All benchmarks, one after the other.

    python -m tests.benchmarks
    python -m tests.benchmarks --full

The first takes less than an hour on 2 cores that do nothing else; with `--full` there
are more repeats, larger photographs' folders, and the memory of the whole study.
Options of one benchmark: `python -m tests.benchmarks.training --help` and so on.
"""

import argparse
import subprocess
import sys
from pathlib import Path

SHORT = {
    "augmentation": [],
    "training": ["--repeats=1"],
    "study": [],
    "workers": ["--repeats=1"],
    "scale": [],
}
FULL = {
    "augmentation": ["--repeats=9", "--large-repeats=5"],
    "training": ["--repeats=3"],
    "study": ["--photographs=600"],
    "workers": ["--repeats=3", "--photographs=300"],
    "scale": ["--full"],
}


def main() -> None:
    """Run every benchmark in a process of its own, so that none is warmed up."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--full", action="store_true", help="hours instead of one")
    parser.add_argument(
        "--weights", type=Path, help="weights without the top, .h5, for training"
    )
    options = parser.parse_args()
    arguments = dict(FULL if options.full else SHORT)
    if options.weights:
        arguments["training"] = [*arguments["training"], f"--weights={options.weights}"]
    for name, chosen in arguments.items():
        sys.stdout.write(f"## {name}\n\n")
        sys.stdout.flush()
        module = f"tests.benchmarks.{name}"
        subprocess.run([sys.executable, "-m", module, *chosen], check=True)


if __name__ == "__main__":
    main()
