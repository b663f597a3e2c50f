"""What it flatters to split images after they were augmented."""

from kigezi.pipelines.leakage.pipeline import create_pipeline

__all__ = ["create_pipeline"]
