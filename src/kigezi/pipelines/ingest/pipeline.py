"""Photographs in, a ledger of every file and its split out."""

from typing import Any

from kedro.pipeline import Pipeline, node, pipeline

from kigezi.pipelines.ingest.nodes import split_photographs, survey_photographs


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Survey all files, then split the usable photographs."""
    return pipeline(
        [
            node(
                func=survey_photographs,
                inputs=["params:ingest", "photographs"],
                outputs="survey",
                name="survey_photographs",
            ),
            node(
                func=split_photographs,
                inputs=["survey", "params:ingest"],
                outputs=["ledger", "quarantine"],
                name="split_photographs",
            ),
        ]
    )
