"""What a recipe trains is pinned: who changes it has to raise TRAINING_VERSION.

Last digits differ between processors, so losses are compared as far as they agree.
"""

from pathlib import Path
from typing import Any

import pytest

from kigezi.datasets.model_inputs import ModelInputs
from kigezi.datasets.trainings import Trainings
from kigezi.datasets.weights import BUNDLED
from kigezi.learning.finished import TRAINING_VERSION, training_key
from kigezi.learning.trial import run_trial
from tests.conftest import make_assignment, make_examples

GOLDEN = {
    "top": [0.75069, 0.52440, 0.64845, 0.50586, 0.50897, 0.42632],
    "all": [0.75053, 0.68024, 0.75958, 0.67323, 0.72336, 0.66866],
}
RECIPES: dict[str, dict[str, Any]] = {
    "top": {"unfreeze": 20, "epochs": 3, "weights": "bundled"},
    "all": {
        "unfreeze": "all",
        "optimizer": "sgd",
        "learning_rate": 0.001,
        "learning_rate_decay": 0.5,
        "epochs": 3,
        "weights": "bundled",
    },
}


@pytest.mark.parametrize("name", RECIPES)
def test_the_same_recipe_trains_the_same(tmp_path: Path, name: str) -> None:
    assignment = make_assignment(**RECIPES[name])
    examples = make_examples(train=12, held_out=6)
    key = training_key(assignment.recipe, examples.digest, "bundled")
    trial = run_trial(
        assignment,
        examples,
        Path(str(BUNDLED)),
        Trainings(tmp_path).open(key, (3,)),
        ModelInputs(tmp_path / "arrays", 1e9),
        lambda _: None,
    )
    losses = [
        loss
        for epoch in trial.result.history
        for loss in (epoch.train_loss, epoch.validation_loss)
    ]
    assert losses == pytest.approx(GOLDEN[name], rel=1e-3), losses
    assert TRAINING_VERSION == 1, "pin the losses of the new version here"
