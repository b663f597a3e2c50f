"""Small recipes, images, results and projects that several tests share."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

# One thread: bits do not depend on the machine. No browser, no telemetry, no colours.
os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
os.environ["KEDRO_DISABLE_TELEMETRY"] = "1"
os.environ.pop("KEDRO_ENV", None)
os.environ.pop("TF_SET_ONEDNN_FPMATH_MODE", None)
os.environ.pop("MLFLOW_TRACKING_URI", None)

import numpy as np
import pandas as pd
import pytest
from kedro.config import OmegaConfigLoader
from kedro.framework.project import configure_project

from kigezi.garbage import collect_seldom
from kigezi.learning.examples import Examples
from kigezi.learning.finished import failed_trial
from kigezi.plan import use_loader
from kigezi.quiet import silence_other_packages
from kigezi.records import Assignment, Epoch, Figures, Trial, TrialResult
from kigezi.schemas import Recipe, TuneParameters
from kigezi.settings import CONFIG_LOADER_ARGS
from tests.projects import PROJECT
from tests.shared import made_once

if TYPE_CHECKING:
    from tests.coloured_export import SmallExport
    from tests.undisturbed import Undisturbed

# What Kedro's commands begin with.
collect_seldom()
silence_other_packages()
configure_project("kigezi")

BASE: dict[str, Any] = {
    "unfreeze": "none",
    "learning_rate": 1e-3,
    "learning_rate_decay": 1.0,
    "batch_size": 4,
    "optimizer": "adam",
    "epochs": 2,
    "patience": 5,
    "dropout": 0.3,
    "batch_norm": "frozen",
    "batch_norm_momentum": 0.999,
    "weights": "random",
    "alpha": 0.35,
    "precision": "float32",
    "seed": 7,
}


def make_recipe(**changes: Any) -> Recipe:
    """A recipe for the smallest MobileNetV2 with random weights."""
    return Recipe.model_validate({**BASE, **changes})


def make_tune(
    stages: Any, seeds: Sequence[int] | None = None, **changes: Any
) -> TuneParameters:
    """Parameters of a study whose baseline is the small recipe."""
    return TuneParameters.model_validate(
        {"baseline": make_recipe(**changes), "seeds": seeds, "stages": stages}
    )


def make_assignment(
    stage: str = "freeze", variant: str = "head_only", **changes: Any
) -> Assignment:
    """A variant of a stage that changes the small recipe."""
    recipe = make_recipe(**changes)
    return Assignment(
        stage=stage,
        variant=variant,
        base=make_recipe(),
        recipe=recipe,
        seeds=(recipe.seed,),
        budgets=(2,),
        plan="p" * 64,
        lineage="l" * 64,
    )


def make_examples(
    train: int = 8, held_out: int = 4, copies: int = 1, size: int = 32
) -> Examples:
    """Noise in two classes, the second one brighter; classes take turns."""
    splits = ["train"] * train + ["validation"] * held_out + ["test"] * held_out
    photographs = np.repeat(np.arange(len(splits)), copies + 1)
    labels = photographs % 2
    noise = np.random.default_rng(3).integers(0, 128, (len(labels), size, size, 3))
    return Examples(
        digest="d" * 64,
        classes=("dark", "light"),
        images=(noise + 127 * labels[:, None, None, None]).astype(np.uint8),
        labels=labels.astype(np.int64),
        splits=np.array(splits)[photographs],
        copies=np.tile(np.arange(copies + 1), len(splits)),
        photo_ids=np.array([f"photo{number}" for number in photographs]),
    )


def make_model(recipe: Recipe, size: int, classes: int, weights: Any) -> Any:
    """What `build_model` makes, with one convolution instead of MobileNetV2."""
    import keras

    from kigezi.learning.backbone import backbone_layers, set_trainable

    keras.utils.set_random_seed(recipe.seed)
    layers = keras.layers
    image = keras.Input((size, size, 3), dtype="uint8", name="image")
    pixels = layers.Rescaling(1 / 127.5, offset=-1, name="scale")(image)
    maps = layers.Conv2D(4, 3, strides=4, use_bias=False, name="convolution")(pixels)
    maps = layers.BatchNormalization(name="normalization")(maps)
    features = layers.GlobalAveragePooling2D(name="features")(maps)
    kept = layers.Dropout(recipe.dropout, seed=recipe.seed, name="dropout")(features)
    answer = layers.Dense(classes, "softmax", name="probabilities")(kept)
    model = keras.Model(image, answer, name="small")
    set_trainable(backbone_layers(model), recipe)
    return model


@pytest.fixture
def small_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One convolution instead of MobileNetV2: the same code in a tenth of the time."""
    from kigezi.learning import backbone, network

    network._compiled.cache_clear()
    for module in (backbone, network):
        monkeypatch.setattr(module, "build_model", make_model)
    yield
    network._compiled.cache_clear()


def make_history(losses: Sequence[float], accuracy: float = 0.5) -> list[Epoch]:
    """Epochs with these validation losses."""
    return [
        Epoch(
            epoch=number,
            train_accuracy=accuracy,
            train_loss=loss,
            validation_accuracy=accuracy,
            validation_loss=loss,
            seconds=1.0,
            ended_at=1_700_000_000_000 + number,
        )
        for number, loss in enumerate(losses, start=1)
    ]


def make_result(
    variant: str, accuracy: float, loss: float = 0.5, **changes: Any
) -> TrialResult:
    """A result with this validation accuracy and loss; changes go into the recipe."""
    figures = Figures(accuracy=accuracy, loss=loss, photographs=100)
    return TrialResult(
        assignment=make_assignment(variant=variant, **changes),
        dataset="d" * 64,
        key=f"key of {changes.get('learning_rate')}",
        status="finished",
        best_epoch=2,
        history=tuple(make_history([loss + 0.1, loss], accuracy)),
        train=figures.model_copy(update={"accuracy": accuracy / 2}),
        validation=figures,
        test=figures.model_copy(update={"accuracy": accuracy / 4}),
        majority=0.5,
        trained_weights=10,
        classes=("dark", "light"),
        environment={},
    )


def make_trial(variant: str, accuracy: float, **changes: Any) -> Trial:
    """A result with predictions for 4 photographs, one of which is wrong."""
    predictions = pd.DataFrame(
        {
            "photo_id": ["p0", "p1", "p2", "p3"],
            "copy": 0,
            "label": ["dark", "light", "dark", "light"],
            "predicted": ["dark", "light", "light", "light"],
            "correct": [True, True, False, True],
            "probability_dark": [0.9, 0.2, 0.4, 0.1],
            "probability_light": [0.1, 0.8, 0.6, 0.9],
        }
    )
    return Trial(make_result(variant, accuracy, **changes), predictions)


def make_failed(variant: str, reason: str = "out of memory") -> Trial:
    """A variant that could not be trained."""
    examples = make_examples()
    return failed_trial(make_assignment(variant=variant), examples, "key", reason)


def make_loader(
    conf: Path, env: str | None = None, **runtime_params: Any
) -> OmegaConfigLoader:
    """Kedro's loader as settings.py configures it, with `--params`."""
    return OmegaConfigLoader(
        str(conf), env, runtime_params or None, **CONFIG_LOADER_ARGS
    )


def environments() -> list[str]:
    """Every folder of conf/ with parameters of its own."""
    folders = {path.parent for path in PROJECT.glob("conf/*/parameters*.yml")}
    return sorted(folder.name for folder in folders)


def run_kedro(
    project: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run Kedro's command in a copied project, in a process of its own."""
    # Before the installed project, which would be imported otherwise.
    paths = [str(project / "src"), str(project / "spy")]
    # MLflow leaves the address here that a test has used.
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    return subprocess.run(
        [sys.executable, "-m", "kedro", *arguments],
        cwd=project,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )


def pytest_configure(config: pytest.Config) -> None:
    """Pytest forgets the filters that the project sets for other packages."""
    for message in (r"\s*register_new_resolver", "One or more dataset names"):
        config.addinivalue_line("filterwarnings", f"ignore:{message}")


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """A copy of conf/ that a test may change."""
    unwanted = shutil.ignore_patterns("credentials*")
    folder = shutil.copytree(PROJECT / "conf", tmp_path / "conf", ignore=unwanted)
    (folder / "local").mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def small_export(tmp_path_factory: pytest.TempPathFactory) -> "SmallExport":
    """Files of every kind."""
    from tests.coloured_export import make_small_export

    return made_once(tmp_path_factory, "small_export", lambda _: make_small_export())


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> "Undisturbed":
    """The small study, which its tests may read and copy."""
    from tests.undisturbed import run_undisturbed

    return made_once(tmp_path_factory, "undisturbed", run_undisturbed)


@pytest.fixture(autouse=True)
def _forget_globals() -> Iterator[None]:
    """No test sees the configuration or the MLflow server of the one before."""
    yield
    use_loader(None)
    if "mlflow" in sys.modules:
        import mlflow

        while mlflow.active_run():
            mlflow.end_run()
        mlflow.set_tracking_uri("")
