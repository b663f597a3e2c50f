import hashlib
import logging
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner

from kigezi.datasets.model_inputs import ModelInputsDataset
from kigezi.datasets.records import ModelFileDataset, TrialDataset
from kigezi.datasets.trainings import TrainingsDataset
from kigezi.datasets.weights import BackboneWeightsDataset
from kigezi.photos.patterns import PATTERNS, draw_pattern
from kigezi.pipelines import pretrain
from kigezi.pipelines.pretrain.nodes import draw_patterns, plan_training
from kigezi.schemas import PretrainParameters
from tests.conftest import make_recipe
from tests.pipelines.tune.test_nodes import Runs

IMAGES = 1000


def _parameters(**changes: Any) -> PretrainParameters:
    recipe = make_recipe(epochs=1, unfreeze="all", batch_norm="train", batch_size=64)
    values = {"images": IMAGES, "size": 32, "seed": 5, "recipe": recipe}
    return PretrainParameters.model_validate({**values, **changes})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pretrain")


def _inputs(folder: Path) -> Any:
    return ModelInputsDataset(path=str(folder / "arrays"), gigabytes=1).load()


def test_every_class_is_drawn_for_every_split(folder: Path) -> None:
    examples = draw_patterns(_parameters(), _inputs(folder))
    assert examples.classes == tuple(sorted(PATTERNS))
    assert examples.images.shape == (IMAGES, 32, 32, 3)
    for split, least in (("train", 302), ("validation", 302), ("test", 302)):
        rows = examples.rows(split, all_copies=True)
        assert len(rows) >= least
        assert len(set(examples.labels[rows])) == 302
    assert len(set(examples.photo_ids)) == IMAGES
    row = 302 + 7  # the second image of the eighth class
    assert examples.classes[examples.labels[row]] == PATTERNS[7]
    np.testing.assert_array_equal(
        examples.images[row], draw_pattern(PATTERNS[7], 1, 5, 32)
    )


def test_other_images_have_another_digest(folder: Path) -> None:
    first = draw_patterns(_parameters(), _inputs(folder)).digest
    assert draw_patterns(_parameters(), _inputs(folder)).digest == first
    recipe = make_recipe(learning_rate=0.5)
    same = draw_patterns(_parameters(recipe=recipe), _inputs(folder))
    assert same.digest == first
    assert draw_patterns(_parameters(seed=6), _inputs(folder)).digest != first


def test_another_recipe_is_another_study(folder: Path) -> None:
    examples = draw_patterns(_parameters(), _inputs(folder))
    one = plan_training(_parameters(), examples)
    other = plan_training(_parameters(recipe=make_recipe(seed=3)), examples)
    assert one.name == "pretrain/backbone"
    assert one.plan != other.plan


def test_the_pipeline_makes_a_backbone_that_loads(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runs = Runs()
    target = folder / "backbone.weights.h5"
    catalog = DataCatalog(
        {
            "params:pretrain": MemoryDataset(_parameters()),
            "model_inputs": ModelInputsDataset(
                path=str(folder / "arrays"), gigabytes=1
            ),
            "backbone_weights": BackboneWeightsDataset(path=str(folder)),
            "trainings": TrainingsDataset(path=str(folder / "trainings")),
            "pretrain.tracking": MemoryDataset(runs, copy_mode="assign"),
            "pretrain.examples": MemoryDataset(copy_mode="assign"),
            "pretrain.trial": TrialDataset(path=str(folder / "trial")),
            "backbone": ModelFileDataset(filepath=str(target)),
        }
    )
    with caplog.at_level(logging.INFO):
        SequentialRunner().run(pretrain.create_pipeline(), catalog)
    assert (runs.said[0], runs.said[-1]) == ("pretrain/backbone", "end")
    assert hashlib.sha256(target.read_bytes()).hexdigest() in caplog.text
    trained = keras.models.load_model(next(folder.glob("trainings/*/model_1.keras")))
    _assert_half_precision_of(trained, target)


def _assert_half_precision_of(trained: keras.Model, target: Path) -> None:
    backbone = keras.applications.MobileNetV2(
        (32, 32, 3), 0.35, include_top=False, weights=None
    )
    backbone.load_weights(target)
    for layer in backbone.layers[1:]:
        pairs = zip(
            layer.get_weights(),
            trained.get_layer(layer.name).get_weights(),
            strict=True,
        )
        for loaded, whole in pairs:
            assert loaded.tobytes() == whole.astype("float16").astype("f4").tobytes()
