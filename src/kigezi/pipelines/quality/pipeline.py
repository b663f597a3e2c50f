"""The ledger's photographs in, a list of those to look at and a table of shortcuts out.

photographs ──> measures, borders ──┐
            └─> features ───────────┴─> predictions ──> shortcuts
                                                   └──> quality ──> pictures
"""

from typing import Any

from kedro.pipeline import Pipeline, node, pipeline

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
    return pipeline(
        [
            node(
                measure_photographs,
                PHOTOGRAPHS,
                ["quality.measures", "quality.borders"],
                name="measure_photographs",
            ),
            node(
                open_photographs,
                PHOTOGRAPHS,
                "quality.examples",
                name="open_photographs",
            ),
            node(
                compute_features,
                ["quality.examples", "params:tune", "backbone_weights", "model_inputs"],
                "quality.features",
                name="compute_features",
            ),
            node(
                predict_classes,
                [
                    "quality.measures",
                    "quality.borders",
                    "quality.features",
                    PARAMETERS,
                ],
                "quality.predictions",
                name="predict_classes",
            ),
            node(
                compare_shortcuts,
                ["quality.measures", "quality.predictions"],
                "shortcuts",
                name="compare_shortcuts",
            ),
            node(
                flag_and_list,
                ["quality.measures", "quality.predictions", PARAMETERS],
                "quality",
                name="flag_and_list",
            ),
            node(
                draw_worst,
                ["quality", "photographs", "params:ingest.source", PARAMETERS],
                "quality_pictures",
                name="draw_worst",
            ),
        ]
    )
