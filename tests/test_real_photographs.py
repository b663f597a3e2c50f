"""Real photographs and real weights, where the machine has them.

KIGEZI_TEST_PHOTOGRAPHS: an archive or a folder with one folder of photographs a class.
KIGEZI_TEST_WEIGHTS: MobileNetV2's ImageNet weights (alpha 1.0) without top, as .h5.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from kigezi.datasets.model_inputs import ModelInputs
from kigezi.datasets.photographs import PhotographsDataset
from kigezi.datasets.trainings import Trainings
from kigezi.learning.examples import Examples
from kigezi.learning.trial import run_trial
from kigezi.photos.geometry import fit
from kigezi.photos.reading import decode
from tests.conftest import make_assignment

PHOTOGRAPHS = os.environ.get("KIGEZI_TEST_PHOTOGRAPHS")
WEIGHTS = os.environ.get("KIGEZI_TEST_WEIGHTS")
SIZE, COUNT = 96, 200
SUFFIXES = (".jpg", ".jpeg", ".png")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (PHOTOGRAPHS and WEIGHTS),
        reason="KIGEZI_TEST_PHOTOGRAPHS and KIGEZI_TEST_WEIGHTS are not both set",
    ),
]


def _examples(folder: Path) -> Examples:
    """Every n-th photograph: 120 to train on, 40 to validate, 40 to test."""
    library = PhotographsDataset(path=str(folder), unpacked="unpacked").load()
    source = library.open(str(Path(PHOTOGRAPHS or "").absolute()))
    paths = [path for path in source.files() if path.lower().endswith(SUFFIXES)]
    step = len(paths) // COUNT
    paths = paths[: step * COUNT : step]
    labels = [path.split("/")[-2] for path in paths]
    classes = tuple(sorted(set(labels)))
    images = [fit(decode(source.read(path), SIZE), SIZE, "crop") for path in paths]
    kinds = np.array(["train", "train", "train", "validation", "test"])
    return Examples(
        digest="real",
        classes=classes,
        images=np.stack([np.asarray(image) for image in images]),
        labels=np.array([classes.index(label) for label in labels]),
        splits=kinds[np.arange(COUNT) % 5],
        copies=np.zeros(COUNT, np.int64),
        photo_ids=np.array(paths),
    )


def test_the_head_alone_beats_the_majority(tmp_path: Path) -> None:
    examples = _examples(tmp_path)
    changes = {
        "alpha": 1.0,
        "weights": WEIGHTS,
        "learning_rate": 1e-3,
        "batch_size": 16,
    }
    assignment = make_assignment(**changes, epochs=2)
    training = Trainings(tmp_path).open({"real": 1}, (2,))
    weights = Path(WEIGHTS or "").absolute()
    arrays = ModelInputs(tmp_path / "arrays", limit=1e9)
    trial = run_trial(
        assignment, examples, weights, training, arrays, lambda epoch: None
    )
    assert len(examples.classes) >= 2
    assert trial.result.validation.accuracy > examples.majority + 0.15
    assert trial.result.test.accuracy > examples.majority + 0.15
