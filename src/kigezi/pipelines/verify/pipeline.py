"""Photographs and the stored dataset in, a table of what differs out."""

from typing import Any

from kedro.pipeline import Pipeline, node, pipeline

from kigezi.pipelines.augment.nodes import augment_photographs
from kigezi.pipelines.verify.nodes import judge_verification, verify_images


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Make every image again, store what differs, then refuse what differs."""
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
                outputs="expected_dataset",
                name="expect_dataset",
            ),
            node(
                func=verify_images,
                inputs=["expected_dataset", "augmented"],
                outputs="verification",
                name="verify_images",
            ),
            # A node of its own, so that the table is stored before it refuses.
            node(
                func=judge_verification,
                inputs="verification",
                outputs=None,
                name="judge_verification",
            ),
        ]
    )
