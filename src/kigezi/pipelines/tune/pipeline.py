"""One box a stage: open the dataset, resolve recipes, train variants, choose a winner.

tune.freeze ──> tune.learning_rate ──> ... ──> tune.epochs ──> tune.final
 ├─ head_only
 ├─ top_10          each variant is the same node under its own name
 └─ ...
"""

from collections.abc import Sequence

from kedro.pipeline import Node, Pipeline, node, pipeline

from kigezi.pipelines.tune.nodes import (
    choose_winner,
    choose_winner_after,
    estimate_study,
    judge_final_model,
    keep_final_model,
    open_examples,
    resolve_recipes,
    split_examples,
    train_variant,
)
from kigezi.plan import Plan, read_plan

DATA = ["ledger", "augmented", "model_inputs"]
STORES = ["backbone_weights", "trainings", "tracking", "model_inputs"]
IMAGES = ["params:image", "params:augment"]
STUDY = "params:tune"
TABLES = ["comparison", "by_class"]


def create_pipeline(plan: Plan | None = None) -> Pipeline:
    """The stages of a plan, or of the configured one."""
    plan = plan or read_plan()
    stages = [
        _create_stage(stage, variants, previous)
        for (stage, variants), previous in zip(
            plan.stages.items(), [None, *plan.stages], strict=False
        )
    ]
    estimate = node(
        estimate_study,
        ["ledger", *IMAGES, STUDY, "trainings"],
        "time_estimate",
        name="estimate_study",
    )
    final = pipeline(
        [
            node(
                keep_final_model,
                ["last", "trainings", "tracking"],
                ["final_model", "final_model.trial"],
                name="keep_final_model",
            ),
            node(
                judge_final_model,
                ["ledger", "final_model.trial"],
                TABLES,
                name="judge_final_model",
            ),
        ],
        namespace="tune.final",
        inputs={
            "last": f"tune.{list(plan.stages)[-1]}.winner",
            **_same(["ledger", *STORES[1:3]]),
        },
        outputs={"final_model"},
    )
    return sum(stages, pipeline([estimate])) + final


def _create_stage(
    stage: str, variants: Sequence[str], previous: str | None
) -> Pipeline:
    winner = [f"tune.{previous}.winner"] if previous else []
    assignments = {variant: f"{variant}.assignment" for variant in variants}
    trials = [f"{variant}.trial" for variant in variants]
    nodes = [
        node(
            open_examples,
            [*DATA, *IMAGES],
            "images",
            name="open_examples",
            tags=["everywhere"],  # where training is: a mapped file is not sent
        ),
        node(
            split_examples,
            ["ledger", "images", "params:ingest", STUDY],
            "examples",
            name="split_examples",
            tags=["everywhere"],
        ),
        node(
            resolve_recipes,
            [STUDY, "examples", *winner],
            assignments,
            name="resolve_recipes",
        ),
        *(_create_variant(variant) for variant in variants),
        node(
            choose_winner_after if winner else choose_winner,
            ["ledger", *winner, *trials],
            ["winner", *TABLES],
            name="choose_winner",
        ),
    ]
    return pipeline(
        nodes,
        namespace=f"tune.{stage}",
        inputs={*DATA, *STORES, *winner},
        parameters={*IMAGES, "params:ingest", STUDY},
    )


def _create_variant(variant: str) -> Node:
    return node(
        train_variant,
        [f"{variant}.assignment", "examples", *STORES],
        f"{variant}.trial",
        name=f"train_{variant}",
        tags=["training"],
    )


def _same(names: Sequence[str]) -> dict[str, str]:
    return {name: name for name in names}
