"""How deep should MobileNetV2 be unfrozen? A study on anyone's photographs."""

import os
import warnings

__version__ = "0.1.0"

# This stands here because Kedro imports the package before any plugin or setting.

# TensorFlow's C++ code speaks before Python can stop it, and of nothing that a user of
# this project could change.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Warnings of other packages about themselves.
for _message in (
    r"register_new_resolver\(\) is",  # omegaconf 2.4 about kedro 1.7
    r"Option '--pipeline' is deprecated",  # kedro; both spellings work
    r"One or more dataset names contain '\.'",  # kedro about its own namespaces
    r".*Add type hints to the `predict` method",  # mlflow about its own class
):
    warnings.filterwarnings("ignore", message=r"\s*" + _message)
