"""What to look at in the photographs before believing any accuracy."""

from kigezi.pipelines.quality.pipeline import create_pipeline

__all__ = ["create_pipeline"]
