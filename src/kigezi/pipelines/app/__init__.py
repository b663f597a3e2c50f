"""A page that classifies photographs in a phone's browser, without network."""

from kigezi.pipelines.app.pipeline import create_pipeline

__all__ = ["create_pipeline"]
