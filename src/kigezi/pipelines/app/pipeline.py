"""The exported model in, a static folder out."""

from typing import Any

from kedro.pipeline import Pipeline, node, pipeline

from kigezi.pipelines.app.nodes import build_page


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Put the page together."""
    return pipeline(
        [
            node(
                build_page,
                ["exported", "params:app", "runtime_packages"],
                "app",
                name="build_page",
            )
        ]
    )
