"""Drawn patterns in, the weights of a backbone out."""

from typing import Any

from kedro.pipeline import Pipeline, node, pipeline

from kigezi.pipelines.pretrain.nodes import draw_patterns, keep_backbone, plan_training
from kigezi.pipelines.tune.nodes import train_variant

STORES = ["trainings", "pretrain.tracking"]


def create_pipeline(**kwargs: Any) -> Pipeline:
    """Draw the images, train on them as any variant is trained, keep the backbone."""
    return pipeline(
        [
            node(
                draw_patterns,
                ["params:pretrain", "model_inputs"],
                "pretrain.examples",
                name="draw_patterns",
            ),
            node(
                plan_training,
                ["params:pretrain", "pretrain.examples"],
                "pretrain.assignment",
                name="plan_training",
            ),
            node(
                train_variant,
                [
                    "pretrain.assignment",
                    "pretrain.examples",
                    "backbone_weights",
                    *STORES,
                    "model_inputs",
                ],
                "pretrain.trial",
                name="train_backbone",
                tags=["training"],
            ),
            node(
                keep_backbone,
                ["pretrain.trial", *STORES],
                "backbone",
                name="keep_backbone",
            ),
        ]
    )
