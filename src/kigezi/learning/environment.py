"""The backend: its threads, and what is recorded of it beside every result."""

import platform
from importlib.metadata import version

import keras
from joblib import cpu_count


def use_threads(threads: int | None) -> None:
    """Fix how many threads compute one operation; that number decides trained bits.

    Args:
        threads: 1 or more, or none for one a physical core. TensorFlow takes it only
            before its first operation; a later call with the same number does nothing.
    """
    count = threads or cpu_count(only_physical_cores=True)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        if tf.config.threading.get_intra_op_parallelism_threads() != count:
            tf.config.threading.set_intra_op_parallelism_threads(count)
    elif keras.backend.backend() == "torch":
        import torch

        torch.set_num_threads(count)


def describe_environment() -> dict[str, str]:
    """What may change the last bits of a training: processor, threads and versions."""
    backend = keras.backend.backend()
    return {
        "backend": f"{backend} {version(backend)}",
        "keras": keras.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processor": _processor(),
        "threads": str(_threads()),
        "devices": ", ".join(keras.distribution.list_devices()) or "cpu",
    }


def _processor() -> str:
    """The processor's name; Linux tells it nowhere else."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.split(":", 1)[1] for line in lines if "model name" in line]
    except OSError:
        names = []
    return names[0].strip() if names else platform.processor()


def _threads() -> int:
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.config.threading.get_intra_op_parallelism_threads()
    return cpu_count(only_physical_cores=True)
