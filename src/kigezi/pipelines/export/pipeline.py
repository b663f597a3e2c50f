"""The final model in, files that answer elsewhere out, if they hold their contract.

final_model ──> calibration ──> bare files ──> thresholds ──> contract ──> exported
"""

from collections.abc import Callable
from typing import Any

from kedro.pipeline import Node, Pipeline, node, pipeline

from kigezi.pipelines.export.nodes import (
    calibrate,
    convert_model,
    gather_unknown,
    measure_files,
    pack_files,
    register_model,
    set_thresholds,
)
from kigezi.pipelines.tune.nodes import open_examples, split_examples

TRIAL = "tune.final.final_model.trial"
IMAGE, EXPORT, INGEST = "params:image", "params:export", "params:ingest"
CALIBRATION = "export.calibration"
MODEL = ["final_model", TRIAL, "export.examples"]
STORED = ["ledger", "augmented", "model_inputs", IMAGE, "params:augment"]


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Calibrate, convert, measure, and ship what is within its budget."""
    tables = ["export_table", "export_changes", "export_unknown", "risk_chart"]
    files = ["export.models", "export.cards"]
    return pipeline(
        [
            _node(open_examples, STORED, "export.images"),
            _node(
                split_examples,
                ["ledger", "export.images", INGEST, "params:tune"],
                "export.examples",
            ),
            _node(
                gather_unknown,
                [EXPORT, IMAGE, INGEST, "photographs"],
                "export.unknown",
            ),
            _node(calibrate, [*MODEL, "ledger"], CALIBRATION),
            _node(convert_model, [*MODEL, CALIBRATION, EXPORT], "export.bare"),
            _node(
                set_thresholds,
                ["export.bare", *MODEL[1:], CALIBRATION, IMAGE, EXPORT],
                files,
            ),
            _node(
                measure_files,
                [*files, "export.examples", "export.unknown", "ledger"],
                tables,
            ),
            _node(
                pack_files,
                [*files, "export_table", "export_unknown", EXPORT],
                "exported",
            ),
            _node(
                register_model,
                ["exported", TRIAL, "export.examples", "tracking"],
                None,
            ),
        ]
    )


def _node(
    function: Callable[..., Any], inputs: list[str], outputs: str | list[str] | None
) -> Node:
    return node(function, inputs, outputs, name=function.__name__)
