"""The ledger's photographs in, a list of those to look at and a table of shortcuts out.

photographs ──> measures, borders ──┐
            └─> features ───────────┴─> predictions ──> shortcuts
                                                   └──> quality ──> pictures
"""

from collections.abc import Callable
from typing import Any

from kedro.pipeline import Node, Pipeline, node, pipeline

from kigezi.pipelines.quality.nodes import (
    compare_shortcuts,
    compute_features,
    draw_worst,
    flag_and_list,
    measure_photographs,
    open_photographs,
    predict_classes,
)

PHOTOGRAPHS = ["ledger", "photographs", "params:ingest.source", "params:image"]
PARAMETERS = "params:quality"


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Measure the photographs, doubt their labels, and look for shortcuts."""
    measured = ["quality.measures", "quality.borders"]
    weights = ["params:tune", "backbone_weights", "model_inputs"]
    told = ["quality.measures", "quality.predictions"]
    listed = ["quality", *PHOTOGRAPHS[:3], PARAMETERS]
    return pipeline(
        [
            _node(measure_photographs, PHOTOGRAPHS, measured),
            _node(open_photographs, PHOTOGRAPHS, "quality.examples"),
            _node(compute_features, ["quality.examples", *weights], "quality.features"),
            _node(
                predict_classes,
                [*measured, "quality.features", PARAMETERS],
                "quality.predictions",
            ),
            _node(compare_shortcuts, told, "shortcuts"),
            _node(flag_and_list, [*told, PARAMETERS], "quality"),
            _node(draw_worst, listed, "quality_pictures"),
        ]
    )


def _node(
    function: Callable[..., Any], inputs: list[str], outputs: str | list[str]
) -> Node:
    """A node with the name of its function."""
    return node(function, inputs, outputs, name=function.__name__)
