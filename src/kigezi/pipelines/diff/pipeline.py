"""Versions of the augmented dataset in, a table of what differs out."""

from typing import Any

from kedro.pipeline import Pipeline, node, pipeline

from kigezi.pipelines.diff.nodes import compare_versions


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Compare two versions, photograph by photograph."""
    return pipeline(
        [
            node(
                func=compare_versions,
                inputs=["augmented", "params:diff"],
                outputs="diff",
                name="compare_versions",
            )
        ]
    )
