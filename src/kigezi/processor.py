"""What decides speed and last digits on a processor: TensorFlow reads it once."""

import os
import platform

from joblib import cpu_count

THREADS_VARIABLE = "TF_NUM_INTRAOP_THREADS"
"""Threads that compute one operation; PyTorch reads the other variable."""
THREADS_VARIABLES = (THREADS_VARIABLE, "OMP_NUM_THREADS")

ONEDNN_VARIABLE = "TF_ENABLE_ONEDNN_OPTS"
"""With `1` TensorFlow leaves its convolutions to oneDNN, and keeps freed memory.

Left open, it does so only where the processor has AVX512-VNNI or better. With AVX2 a
step of the entire network then takes two to three times as long, a third of it for
memory that is returned to the system and asked for again at once.
"""

MATH_VARIABLE = "TF_SET_ONEDNN_FPMATH_MODE"
"""With `BF16` oneDNN multiplies float32 numbers in bfloat16 where a processor can.

https://github.com/tensorflow/tensorflow/pull/59305
"""

DECIDING = (*THREADS_VARIABLES, ONEDNN_VARIABLE, MATH_VARIABLE)
"""All environment variables that decide trained weights on a processor."""


def prepare_training(threads: int | None) -> None:
    """Fix the number of threads, and who computes; what the user's shell sets is kept.

    Args:
        threads: 1 or more, or none for one a physical core. Left open, the number
            follows the machine's cores, and two machines train different last bits.
    """
    count = threads or cpu_count(only_physical_cores=True)
    for variable in THREADS_VARIABLES:
        os.environ.setdefault(variable, str(count))
    # TensorFlow's builds for other processors may have no oneDNN, or another one.
    if platform.machine() in ("x86_64", "AMD64"):
        os.environ.setdefault(ONEDNN_VARIABLE, "1")


def shortened_math() -> dict[str, str]:
    """What is said of a training whose float32 numbers may be shortened, else nothing.

    Returns:
        As in `{"math": "BF16"}`.
    """
    mode = os.environ.get(MATH_VARIABLE)
    return {"math": mode} if mode else {}
