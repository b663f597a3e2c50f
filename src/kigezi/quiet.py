"""Keep other packages from talking about themselves, so that each line helps."""

import logging
import os
import re
import sys
import warnings
from typing import Any

from kigezi.native_output import without_native_output

_KNOWN = re.compile(
    r"register_new_resolver\(\) is"  # omegaconf 2.4 about kedro 1.7
    r"|Option '--pipeline' is deprecated"  # kedro; both spellings work
    r"|One or more dataset names contain '\.'"  # kedro about its own namespaces
    r"|Add type hints to the `predict` method"  # mlflow about its own class
    r"|ORJSONResponse is deprecated"  # fastapi about kedro-viz
)


def silence_other_packages() -> None:
    """Drop known warnings; Kedro calls this before it loads any plugin.

    It is an entry point of the group `kedro.init` in pyproject.toml, for the first of
    these warnings is given before Kedro reads the project's settings. Filters would not
    do: Kedro and MLflow put filters of their own before any that stand already.
    """
    show = warnings.showwarning

    def show_unknown(message: Warning | str, *args: Any, **kwargs: Any) -> None:
        if not _KNOWN.search(str(message)):
            show(message, *args, **kwargs)

    warnings.showwarning = show_unknown
    # Where warnings are captured by logging, they come by here instead.
    logging.getLogger("py.warnings").addFilter(
        lambda record: not _KNOWN.search(record.getMessage())
    )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    # It tells its makers which of its functions are used otherwise.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")


def import_keras() -> None:
    """Import Keras without the lines that TensorFlow prints meanwhile."""
    if "keras" in sys.modules:
        return
    with without_native_output():
        import keras  # noqa: F401
