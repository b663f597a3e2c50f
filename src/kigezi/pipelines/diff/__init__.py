"""Find out what differs between two versions of the augmented dataset."""

from kigezi.pipelines.diff.pipeline import create_pipeline

__all__ = ["create_pipeline"]
