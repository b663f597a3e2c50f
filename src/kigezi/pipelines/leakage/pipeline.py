"""The augmented dataset in, and by how much a naive split flatters out."""

from typing import Any

from kedro.pipeline import Pipeline, node, pipeline

from kigezi.photos.arranging import WAYS
from kigezi.pipelines.leakage.nodes import compare_ways, split_three_ways, train_runs
from kigezi.pipelines.tune.nodes import open_examples

STORES = ["backbone_weights", "trainings", "leakage.tracking", "model_inputs"]


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Split the same images in three ways, train on each, compare."""
    training = [
        node(
            train_runs,
            [f"leakage.{way}.runs", *STORES],
            f"leakage.{way}.scores",
            name=f"train_by_{way}",
        )
        for way in WAYS
    ]
    return pipeline(
        [
            node(
                open_examples,
                [
                    "ledger",
                    "augmented",
                    "model_inputs",
                    "params:image",
                    "params:augment",
                ],
                "leakage.examples",
                name="open_examples",
            ),
            node(
                split_three_ways,
                [
                    "ledger",
                    "leakage.examples",
                    "params:ingest",
                    "params:tune",
                    "params:leakage",
                ],
                {way: f"leakage.{way}.runs" for way in WAYS},
                name="split_three_ways",
            ),
            *training,
            node(
                compare_ways,
                [f"leakage.{way}.scores" for way in WAYS],
                ["leakage_scores", "leakage_differences", "leakage_chart"],
                name="compare_ways",
            ),
        ]
    )
