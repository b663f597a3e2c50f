"""Train every variant of the study, stage by stage, and keep each stage's winner."""

from kigezi.pipelines.tune.pipeline import create_pipeline

__all__ = ["create_pipeline"]
