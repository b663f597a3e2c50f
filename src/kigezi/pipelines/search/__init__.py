"""Explore depth and learning rate together, and compare with what the stages found."""

from kigezi.pipelines.search.pipeline import create_pipeline

__all__ = ["create_pipeline"]
