"""Pretrain a small backbone on images that the project draws by formula."""

from kigezi.pipelines.pretrain.pipeline import create_pipeline

__all__ = ["create_pipeline"]
