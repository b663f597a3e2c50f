"""The whole study, small, in a copied project and in processes of its own."""

from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import yaml
from mlflow.entities import Run
from PIL import Image

from tests.conftest import make_loader, run_kedro
from tests.pictures import encoded, write_tree
from tests.projects import copy_project

pytestmark = pytest.mark.slow
STAGES = {
    "freeze": {"head_only": {}, "top_10": {"unfreeze": 10}},
    "epochs": {"epochs_2": {"epochs": 2}, "epochs_3": {"epochs": 3}},
}
BASELINE = {
    "epochs": 2,
    "learning_rate": 0.1,
    "batch_size": 2,
    "weights": "mine.weights.h5",
    "alpha": 0.35,
}
VARIANTS = [[stage, name] for stage, names in STAGES.items() for name in names]
VARIANTS.append(["final", "final_model"])
REPORTS = ("leaderboard.md", "study.png", "learning_curves.png", "confusion_matrix.png")


def _shrink(project: Path) -> None:
    """An environment with 2 stages of 2 variants on 40 photographs."""
    conf = project / "conf"
    base = make_loader(conf, "base")["parameters"]["tune"]["stages"]
    dropped = {name: None for name in base if name not in STAGES}
    stages = {
        name: {**dict.fromkeys(base[name]), **variants}
        for name, variants in STAGES.items()
    }
    parameters = {
        "image": {"size": 32},
        "ingest": {"source": "photographs", "split": {"validation": 0.2}},
        "augment": {"copies": 1},
        "tune": {"baseline": BASELINE, "stages": {**dropped, **stages}},
    }
    (conf / "small").mkdir()
    (conf / "small" / "parameters.yml").write_text(yaml.safe_dump(parameters))
    (conf / "small" / "globals.yml").write_text("study: small\nworkers: 1\n")


def _photograph(project: Path) -> None:
    """Noise in two classes, dark and light."""
    for label, darkest in (("dark", 0), ("light", 128)):
        for number in range(20):
            random = np.random.default_rng(darkest + number)
            pixels = random.integers(darkest, darkest + 128, (48, 40, 3), np.uint8)
            data = encoded(Image.fromarray(pixels))
            write_tree(project, {f"photographs/{label}/{number}.jpg": data})


def _write_weights(path: Path) -> None:
    """A backbone that passes colours on: random ones let no signal through at 32 px."""
    import keras

    model = keras.applications.MobileNetV2((32, 32, 3), 0.35, False, weights=None)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            kernel = np.zeros(layer.kernel.shape, np.float32)
            middle = kernel[kernel.shape[0] // 2, kernel.shape[1] // 2]
            for channel in range(3):
                depth = 0 if "depthwise" in layer.name else channel
                middle[channel, depth] = 1
            block = layer.name.removesuffix("_project")
            adds = any(other.name == f"{block}_add" for other in model.layers)
            layer.set_weights([kernel * (not adds)])
    # From -1..1 to 0..2, which ReLU6 leaves as it is.
    model.get_layer("bn_Conv1").beta.assign(np.ones(16))
    model.save_weights(path)


def _run(project: Path, **environment: str) -> str:
    done = run_kedro(project, "run", "--env=small", **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = _small_project(tmp_path_factory.mktemp("demo"))
    (folder / "first.log").write_text(_run(folder))
    return folder


def _small_project(folder: Path) -> Path:
    copy_project(folder)
    _shrink(folder)
    _photograph(folder)
    _write_weights(folder / "mine.weights.h5")
    return folder


def _runs(project: Path) -> dict[str, Run]:
    client = mlflow.MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("kigezi")
    found = client.search_runs([experiment.experiment_id])
    names = {run.info.run_name: run for run in found}
    assert len(names) == len(found)
    return names


def _children(project: Path) -> dict[str, object]:
    """All that MLflow knows of the variants; their parent's end time may change."""
    runs = _runs(project).items()
    return {name: run.to_dictionary() for name, run in runs if "/" in name}


def test_the_leaderboard_has_every_variant(project: Path) -> None:
    table = pd.read_csv(project / "data" / "08_reporting" / "leaderboard.csv")
    assert table[["stage", "variant"]].to_numpy().tolist() == VARIANTS
    figures = table.filter(regex="^(train|validation|test)_(accuracy|loss)$")
    assert figures.shape[1] == 6
    assert figures.notna().all(axis=None)
    for name in REPORTS:
        assert (project / "data" / "08_reporting" / name).stat().st_size > 0


def test_every_variant_is_a_run(project: Path) -> None:
    runs = _runs(project)
    children = {name for name in runs if "/" in name}
    expected = {f"{stage}/{name}" for stage, names in STAGES.items() for name in names}
    assert children == {*expected, "final/final_model"}
    assert len(runs) == len(children) + 1
    for run in runs.values():
        assert run.info.status == "FINISHED"
    assert "test_accuracy" in runs["freeze/head_only"].data.metrics
    assert "trained_in" in runs["epochs/epochs_2"].data.tags
    assert runs["epochs/epochs_3"].data.metrics["epochs"] == 3


def test_the_final_model_answers(project: Path) -> None:
    import keras

    path = project / "data" / "06_models" / "small" / "final_model.keras"
    model = keras.models.load_model(path)
    answer = model.predict(np.zeros((1, 32, 32, 3), np.uint8), verbose=0)
    assert answer.shape == (1, 2)
    assert float(answer.sum()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_train_too(tmp_path: Path, backend: str) -> None:
    pytest.importorskip(backend, reason=f"{backend} is not installed")
    project = _small_project(tmp_path)
    _run(project, KERAS_BACKEND=backend)
    table = pd.read_csv(project / "data" / "08_reporting" / "leaderboard.csv")
    assert table[["stage", "variant"]].to_numpy().tolist() == VARIANTS
    assert table["winner"].sum() == len(STAGES) + 1
    run = _runs(project)["freeze/head_only"]
    assert run.data.tags["kigezi.backend"].startswith(backend)
    test_the_final_model_answers(project)


def test_a_second_run_trains_nothing(project: Path) -> None:
    first = (project / "first.log").read_text()
    assert " epoch 1 of 2" in first
    folder = project / "data" / "06_models" / "trainings"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    runs = _children(project)
    second = _run(project)
    assert " epoch " not in second.replace("stopped at epoch", "")
    assert second.count("(found, not trained again)") == 4
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert _children(project) == runs
    images = list(project.glob("data/04_feature/augmented/*/augmented/images/*/*.jpg"))
    assert len(images) == 40 * 2
