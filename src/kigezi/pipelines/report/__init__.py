"""Put every variant beside the paper's figures."""

from kigezi.pipelines.report.pipeline import create_pipeline

__all__ = ["create_pipeline"]
