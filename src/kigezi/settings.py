"""Kedro's settings for this project. https://docs.kedro.org/en/stable/configure/"""

import os
import warnings

from kigezi.hooks import ProjectHooks

# TensorFlow's C++ code speaks before Python can stop it, and of nothing that a user of
# this project could change.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

# Known warnings of other packages about themselves.
for message in (
    r"register_new_resolver\(\) is",  # omegaconf 2.4 about kedro 1.7
    r"Option '--pipeline' is deprecated",
    r".*Add type hints to the `predict` method",  # mlflow about its own class
    r"Save version '.*' did not match load version '.*augmented",
):
    warnings.filterwarnings("ignore", message=r"\s*" + message)
warnings.filterwarnings("ignore", module=r"(kedro_mlflow|mlflow|google|keras)\b")

HOOKS = (ProjectHooks(),)

# kedro-mlflow would start one run per `kedro run` and stop when the server is away; here
# the study's runs are kept in kigezi.datasets.tracking. Its `kedro mlflow ui` stays.
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-mlflow", "kedro_mlflow", "kedro-telemetry")

CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "config_patterns": {"mlflow": ["mlflow*", "mlflow*/**", "**/mlflow*"]},
    "merge_strategy": {"parameters": "soft", "globals": "soft", "mlflow": "soft"},
}
