"""What is recorded of machine and libraries beside every result."""

import os
import platform
from importlib.metadata import version

import keras

from kigezi.processor import ONEDNN_VARIABLE, THREADS_VARIABLE, shortened_math


def describe_environment() -> dict[str, str]:
    """What may change the last bits of a training: processor, threads and versions."""
    backend = keras.backend.backend()
    return {
        "backend": f"{backend} {version(backend)}",
        "keras": keras.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processor": _processor(),
        "threads": os.environ.get(THREADS_VARIABLE, "all"),
        "onednn": os.environ.get(ONEDNN_VARIABLE, "by processor"),
        **shortened_math(),
        "devices": ", ".join(_devices()) or "cpu",
    }


def _devices() -> list[str]:
    if keras.backend.backend() != "torch":
        return keras.distribution.list_devices()
    # Keras knows none for PyTorch.
    import torch

    count = torch.cuda.device_count()
    return [
        f"gpu:{index} {torch.cuda.get_device_name(index)}" for index in range(count)
    ]


def _processor() -> str:
    """The processor's name; Linux tells it nowhere else."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.split(":", 1)[1] for line in lines if "model name" in line]
    except OSError:
        names = []
    return names[0].strip() if names else platform.processor()
