"""Answers for new photographs, by the exported model and without TensorFlow."""

from kigezi.pipelines.predict.pipeline import create_pipeline

__all__ = ["create_pipeline"]
