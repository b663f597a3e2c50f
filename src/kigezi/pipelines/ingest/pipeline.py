"""Photographs in, a ledger of every file and its split out."""

from typing import Any

from kedro.pipeline import Pipeline, node, pipeline

from kigezi.pipelines.ingest.nodes import (
    compare_photographs,
    show_pairs,
    split_photographs,
    survey_photographs,
)


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Survey all files, group photographs of one subject, then split the groups."""
    return pipeline(
        [
            node(
                func=survey_photographs,
                inputs=["params:ingest", "photographs"],
                outputs="survey",
                name="survey_photographs",
            ),
            node(
                func=compare_photographs,
                inputs=[
                    *("survey", "photographs", "params:ingest"),
                    *("greys", "compared"),
                ],
                outputs="compared_pairs",
                name="compare_photographs",
            ),
            node(
                func=split_photographs,
                inputs=["survey", "compared_pairs", "params:ingest"],
                outputs=["ledger", "quarantine", "groups"],
                name="split_photographs",
            ),
            node(
                func=show_pairs,
                inputs=["survey", "compared_pairs", "photographs", "params:ingest"],
                outputs=["near_pairs", "pairs_sheet"],
                name="show_pairs",
            ),
        ]
    )
