"""How long a whole study takes, and how long one takes that has nothing left to do.

    python -m tests.benchmarks.study

- `study`: every variant of conf/base on drawn photographs of 96 px, with a tenth of its
  epochs (10 instead of 100; 1 to 10 in the last stage), against a script in plain Keras
  that trains each variant for itself, one after the other. Ours is `kedro run
  --pipeline=tune`, with everything that it stores, draws and logs to MLflow. The script
  gets the recipes that our study came to, stops early by the same rule, and measures
  the same photographs. Both start as new processes. The weights are the bundled ones.
- `again`: `kedro run` of that study once more, with nothing changed, against
  `kedro registry list`, which starts Kedro and does nothing.
"""

import argparse
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import yaml

from kigezi.datasets.versions import AugmentedVersions
from tests.benchmarks.commands import Project, measure
from tests.benchmarks.pictures import draw_photographs
from tests.benchmarks.table import columns, spread
from tests.projects import PROJECT

SIZE = 96


def main() -> None:
    """Run both studies, and then ours again."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--photographs", type=int, default=150, help="drawn (150)")
    parser.add_argument("--repeats", type=int, default=5, help="of `again` (5)")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="kigezi-benchmark-") as name:
        folder = Path(name)
        project = Project(folder / "project", yaml.safe_dump(_parameters()))
        photographs = project.folder / "photographs"
        draw_photographs(photographs, count=options.photographs, size=(SIZE, SIZE))
        for step in ("ingest", "augment"):
            project.run(f"--pipeline={step}")
        _say(study(project))
        _say(again(project, options.repeats))


def study(project: Project) -> str:
    """Both sides once; the study is too long to repeat."""
    ours = project.run("--pipeline=tune")
    project.run("--pipeline=report")
    table = project.folder / "data" / "08_reporting" / "leaderboard.csv"
    [version] = AugmentedVersions(
        project.folder / "data" / "04_feature" / "augmented"
    ).all()
    script = [sys.executable, "-m", "tests.benchmarks.plain_study"]
    plain = measure([*script, str(table), str(version.path)], project.folder)
    rows = [
        {"what": what, "seconds": f"{run.seconds:.0f}", "ours / this": f"{ratio:.2f}"}
        for what, run, ratio in (
            ("ours", ours, 1.0),
            ("plain Keras", plain, plain.seconds / ours.seconds),
        )
    ]
    # Keras and TensorFlow print warnings before it.
    return f"{columns(rows)}\n\n{plain.output.strip().splitlines()[-1]}"


def again(project: Project, repeats: int) -> str:
    """A study with nothing left to do, and an empty command, in turns."""
    project.run()
    commands = {
        "kedro run, nothing changed": project.run,
        "kedro registry list": lambda: project.kedro("registry", "list"),
    }
    seconds: dict[str, list[float]] = {what: [] for what in commands}
    for _ in range(repeats):
        for what, run in commands.items():
            seconds[what].append(run().seconds)
    run, nothing = (median(times) for times in seconds.values())
    rows = [
        {"what": what, "seconds: median (range)": spread(times)}
        for what, times in seconds.items()
    ]
    return f"{columns(rows)}\n\nratio of medians: {run / nothing:.2f}"


def _parameters() -> dict[str, object]:
    """What differs from conf/base: photographs, weights, and a tenth of the epochs."""
    base = yaml.safe_load(
        (PROJECT / "conf" / "base" / "parameters_tune.yml").read_text("utf-8")
    )
    budgets = base["tune"]["stages"]["epochs"]
    baseline = {"weights": "bundled", "alpha": 0.35, "epochs": 10}
    epochs = {
        name: {"epochs": changes["epochs"] // 10} for name, changes in budgets.items()
    }
    return {
        "image": {"size": SIZE},
        "ingest": {"source": "photographs"},
        "tune": {"baseline": baseline, "stages": {"epochs": epochs}},
    }


def _say(text: str) -> None:
    sys.stdout.write(text + "\n\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
