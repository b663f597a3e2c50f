"""Photographs and the stored dataset in, a table of what differs out."""

from typing import Any

from kedro.pipeline import Pipeline, node, pipeline

from kigezi.pipelines import augment
from kigezi.pipelines.verify.nodes import judge_verification, verify_images


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Make every image again, store what differs, then refuse what differs."""
    build = pipeline(
        augment.create_pipeline(),
        outputs={"augmented": "expected_dataset"},
        namespace="verify",
        prefix_datasets_with_namespace=False,
    )
    return build + pipeline(
        [
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
