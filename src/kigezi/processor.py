"""What decides the last digits on a processor, read once when TensorFlow starts."""

import os

from joblib import cpu_count

THREADS_VARIABLE = "TF_NUM_INTRAOP_THREADS"
"""Threads that compute one operation; PyTorch reads the other variable."""
THREADS_VARIABLES = (THREADS_VARIABLE, "OMP_NUM_THREADS")

MATH_VARIABLE = "TF_SET_ONEDNN_FPMATH_MODE"
"""With `BF16` oneDNN multiplies float32 numbers in bfloat16 where a processor can.

https://github.com/tensorflow/tensorflow/pull/59305
"""


def use_threads(threads: int | None) -> None:
    """Fix the number of threads; a number that the user's shell sets is kept.

    Unset it follows the machine's cores, and two machines train different last bits.

    Args:
        threads: 1 or more, or none for one a physical core.
    """
    count = threads or cpu_count(only_physical_cores=True)
    for variable in THREADS_VARIABLES:
        os.environ.setdefault(variable, str(count))


def shortened_math() -> dict[str, str]:
    """What is said of a training whose float32 numbers may be shortened, else nothing.

    Returns:
        As in `{"math": "BF16"}`.
    """
    mode = os.environ.get(MATH_VARIABLE)
    return {"math": mode} if mode else {}
