"""Ways to run the pipelines besides Kedro's own."""

from kigezi.runners.dask_runner import DaskRunner

__all__ = ["DaskRunner"]
