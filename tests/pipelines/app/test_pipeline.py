import json
from pathlib import Path

import pytest

from kigezi.datasets.exported import Exported, ExportedDataset
from kigezi.errors import ConfigurationError, DataError
from kigezi.exporting.packing import pack, with_card
from kigezi.pipelines.app import create_pipeline
from kigezi.pipelines.app.nodes import build_page
from kigezi.schemas import AppParameters
from tests.cards import fetched as fetched_package
from tests.cards import make_card


class Fetched:
    def read(self, name: str, fetched: str | None = None) -> dict[str, bytes]:
        return fetched_package(name, (fetched or "npm").encode())


@pytest.fixture
def exported(tmp_path: Path) -> Exported:
    dataset = ExportedDataset(path=str(tmp_path / "exported"))
    cards = {"float16": make_card(least_confidence=0.6), "float32": make_card()}
    models = {kind: with_card(kind, b"TFL3", card) for kind, card in cards.items()}
    dataset.save(pack(models, cards["float32"], "page"))
    return dataset.load()


def test_the_page_runs_the_chosen_file(exported: Exported) -> None:
    app = AppParameters(model="float16", texts=None, runtime=None)
    files = build_page(exported, app, Fetched())
    assert files["model.tflite"] == exported.read("model_float16.tflite")
    assert json.loads(files["model.json"])["confidence_threshold"] == 0.6
    assert files["runtime/core/dist/index.js"] == b"npm"
    chosen = app.model_copy(update={"model": "float32", "runtime": "here"})
    files = build_page(exported, chosen, Fetched())
    assert files["model.tflite"] == exported.read("model_float32.tflite")
    assert json.loads(files["model.json"])["confidence_threshold"] == 0.5
    assert files["runtime/core/dist/index.js"] == b"here"


def test_what_is_wrong_is_a_sentence(exported: Exported, tmp_path: Path) -> None:
    missing = AppParameters(model="float16", texts=str(tmp_path / "no"), runtime=None)
    with pytest.raises(ConfigurationError, match=r"app\.texts"):
        build_page(exported, missing, Fetched())
    app = missing.model_copy(update={"texts": None, "model": "int8"})
    with pytest.raises(DataError, match="kedro run --pipeline=export"):
        build_page(exported, app, Fetched())


def test_the_pipeline_needs_no_study_besides_what_it_shipped() -> None:
    pipeline = create_pipeline()
    assert pipeline.inputs() == {"exported", "params:app", "runtime_packages"}
    assert pipeline.outputs() == {"app"}
