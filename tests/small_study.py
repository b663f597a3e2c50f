"""A study of two trainings on drawn photographs, in a copied project."""

import shutil
from pathlib import Path

import yaml

from tests.conftest import make_loader
from tests.projects import copy_project
from tests.survival import crash_points

PIPELINES = ("ingest", "augment", "tune", "report")
STAGES = {
    # One training with a frozen prefix, and one of the entire network.
    "freeze": {
        "top_10": {"unfreeze": 10},
        "entire_network": {"unfreeze": "all"},
        # A budget that goes on where another variant has ended.
        "longer": {"unfreeze": "all", "epochs": 9},
    },
    "epochs": {"epochs_2": {"epochs": 2}, "epochs_9": {"epochs": 9}},
}
BASELINE = {
    "epochs": 8,
    "patience": 3,
    "learning_rate": 0.003,
    "batch_size": 8,
    "dropout": 0.3,
    "weights": "bundled",
    "alpha": 0.35,
}
DRAWN = {
    "source": "data/01_raw/drawn",
    "expected_photographs": None,
    "groups": {"number_gap": 0},
    "split": {"validation": 0.2},
    "drawing": {"photographs": 30, "size": 64, "seed": 7},
}


def make_project(folder: Path, workers: int = 2) -> Path:
    """A copy of the project with the environment `small`, whose study takes seconds.

    Args:
        folder: Where it is put.
        workers: Processes that write images.
    """
    folder.mkdir(parents=True, exist_ok=True)
    copy_project(folder)
    small = folder / "conf" / "small"
    small.mkdir()
    parameters = {
        "image": {"size": 32},
        "ingest": DRAWN,
        "augment": {"copies": 1},
        "tune": {"baseline": BASELINE, "stages": _stages(folder / "conf")},
    }
    (small / "parameters.yml").write_text(yaml.safe_dump(parameters, sort_keys=False))
    globals_ = {"study": "small", "workers": workers, "threads": 1}
    (small / "globals.yml").write_text(yaml.safe_dump(globals_))
    (folder / "spy").mkdir()
    shutil.copy(crash_points.__file__, folder / "spy" / "sitecustomize.py")
    return folder


def _stages(conf: Path) -> dict[str, dict[str, object] | None]:
    """The stages above, and null for every other one that conf/base declares."""
    base = make_loader(conf, "base")["parameters"]["tune"]["stages"]
    return {
        stage: {**dict.fromkeys(variants), **STAGES[stage]} if stage in STAGES else None
        for stage, variants in base.items()
    }
