"""The augmented dataset and the stages' model in, what a joint search finds out."""

from typing import Any

from kedro.pipeline import Pipeline, node, pipeline

from kigezi.pipelines.search.nodes import (
    compare_with_stages,
    plan_search,
    try_recipes,
)
from kigezi.pipelines.tune.nodes import open_examples, split_examples

DATA = ["ledger", "augmented", "model_inputs"]
STORES = ["searches", "backbone_weights", "trainings", "search.tracking"]
FINAL = "tune.final.final_model.trial"


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Explore depth and learning rate together, and compare with the stages."""
    return pipeline(
        [
            node(
                open_examples,
                [*DATA, "params:image", "params:augment"],
                "search.images",
                name="open_examples",
            ),
            node(
                split_examples,
                ["ledger", "search.images", "params:ingest", "params:tune"],
                "search.examples",
                name="split_examples",
            ),
            node(
                plan_search,
                ["search.examples", "params:tune", "params:search", FINAL],
                "search.plan",
                name="plan_search",
            ),
            node(
                try_recipes,
                ["search.plan", *STORES, "model_inputs"],
                "search.trials",
                name="try_recipes",
            ),
            node(
                compare_with_stages,
                ["search.trials", FINAL, "ledger"],
                ["search_table", "search_chart"],
                name="compare_with_stages",
            ),
        ]
    )
