"""The final model in files that answer elsewhere, and what they have to hold."""

from kigezi.pipelines.export.pipeline import create_pipeline

__all__ = ["create_pipeline"]
