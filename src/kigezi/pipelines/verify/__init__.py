"""Find out whether the stored dataset is still what its photographs make."""

from kigezi.pipelines.verify.pipeline import create_pipeline

__all__ = ["create_pipeline"]
