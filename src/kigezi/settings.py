"""Kedro's settings for this project."""

from kigezi.context import ProjectContext, ProjectSession
from kigezi.hooks import ProjectHooks

HOOKS = (ProjectHooks(),)
CONTEXT_CLASS = ProjectContext
SESSION_CLASS = ProjectSession

# kedro-mlflow would start one run per `kedro run` and stop when the server is away; the
# study's runs are kept by kigezi.datasets.tracking. Its `kedro mlflow ui` stays.
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-mlflow", "kedro_mlflow", "kedro-telemetry")

CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "config_patterns": {"mlflow": ["mlflow*", "mlflow*/**", "**/mlflow*"]},
    "merge_strategy": {"parameters": "soft", "globals": "soft", "mlflow": "soft"},
}
