"""How long a study takes on several Dask workers, against one process.

    python -m tests.benchmarks.workers

Every variant of conf/base but those of its last stage, on drawn photographs of 96 px
with the bundled weights, by `kedro run --pipeline=tune` with everything that it stores,
draws and logs to MLflow. Each process trains with one thread, so that both sides do the
same work and come to the same weights; that they did is checked. They take turns, and
each starts with the images made and nothing trained.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import yaml

from tests.benchmarks.commands import Project, Run
from tests.benchmarks.pictures import draw_photographs
from tests.benchmarks.table import columns, spread

SIZE = 96
RUNNERS = {
    "SequentialRunner": "kedro.runner.SequentialRunner",
    "DaskRunner": "kigezi.runners.DaskRunner",
}


def main() -> None:
    """Run the study with either runner, in turns."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--photographs", type=int, default=150, help="drawn (150)")
    parser.add_argument("--epochs", type=int, default=10, help="of each variant (10)")
    parser.add_argument("--workers", type=int, default=2, help="processes (2)")
    parser.add_argument("--repeats", type=int, default=3, help="of both sides (3)")
    options = parser.parse_args()
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
    with TemporaryDirectory(prefix="kigezi-benchmark-") as name:
        parameters = yaml.safe_dump(_parameters(options.epochs, options.workers))
        project = Project(Path(name) / "project", parameters)
        photographs = project.folder / "photographs"
        draw_photographs(photographs, options.photographs, (SIZE, SIZE))
        for step in ("ingest", "augment"):
            project.run(f"--pipeline={step}")
        sys.stdout.write(compare(project, options.repeats) + "\n\n")


def compare(project: Project, repeats: int) -> str:
    """Both runners in turns, as a table.

    Raises:
        RuntimeError: They came to different results.
    """
    runs: dict[str, list[Run]] = {name: [] for name in RUNNERS}
    results: list[pd.DataFrame] = []
    for _ in range(repeats):
        for name, runner in RUNNERS.items():
            _forget(project.folder)
            runs[name].append(project.run("--pipeline=tune", f"--runner={runner}"))
            results.append(_results(project))
    if not all(results[0].equals(other) for other in results):
        raise RuntimeError("the runners came to different results")
    rows = [
        {
            "what": name,
            "seconds: median (range)": spread([run.seconds for run in done]),
            "GB, all processes": spread([run.memory / 1e9 for run in done]),
        }
        for name, done in runs.items()
    ]
    ratio = _median(runs["SequentialRunner"]) / _median(runs["DaskRunner"])
    return f"{columns(rows)}\n\nratio of medians: {ratio:.2f}"


def _median(runs: list[Run]) -> float:
    return float(pd.Series([run.seconds for run in runs]).median())


def _forget(folder: Path) -> None:
    """Remove what was trained, computed for training, and logged."""
    for name in ("05_model_input", "06_models", "07_model_output"):
        shutil.rmtree(folder / "data" / name, ignore_errors=True)
    for path in folder.glob("mlflow.db*"):
        path.unlink()


def _results(project: Project) -> pd.DataFrame:
    """Every figure of every variant but times."""
    project.run("--pipeline=report")
    table = pd.read_csv(project.folder / "data" / "08_reporting" / "leaderboard.csv")
    return table.drop(columns=["seconds_per_epoch", "shared_seconds"])


def _parameters(epochs: int, workers: int) -> dict[str, object]:
    """What differs from conf/base."""
    baseline = {"weights": "bundled", "alpha": 0.35, "epochs": epochs}
    return {
        "image": {"size": SIZE},
        "ingest": {"source": "photographs"},
        "tune": {"baseline": baseline, "stages": {"epochs": None}},
        "dask": {"workers": workers},
    }


if __name__ == "__main__":
    main()
