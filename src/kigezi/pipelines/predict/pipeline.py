"""A folder of photographs and the exported model in, a table and a sheet out."""

from typing import Any

from kedro.pipeline import Pipeline, node, pipeline

from kigezi.pipelines.predict.nodes import answer_photographs, draw_answers

PREDICT = "params:predict"


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Answer for every photograph, and draw the answers."""
    return pipeline(
        [
            node(
                answer_photographs,
                [PREDICT, "params:ingest", "photographs", "exported"],
                "answers",
                name="answer_photographs",
            ),
            node(
                draw_answers,
                ["answers", PREDICT, "photographs"],
                "answer_sheet",
                name="draw_answers",
            ),
        ]
    )
