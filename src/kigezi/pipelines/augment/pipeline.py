"""The ledger's photographs in, an augmented dataset out."""

from typing import Any

from kedro.pipeline import Pipeline, node, pipeline

from kigezi.pipelines.augment.nodes import augment_photographs


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Make the stored images of every kept photograph."""
    return pipeline(
        [
            node(
                func=augment_photographs,
                inputs=[
                    "ledger",
                    "photographs",
                    "params:ingest.source",
                    "params:image",
                    "params:augment",
                ],
                outputs="augmented",
                name="augment_photographs",
            )
        ]
    )
