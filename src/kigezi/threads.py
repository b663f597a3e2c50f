"""How many threads compute one operation: that number decides the last bits."""

import os

from joblib import cpu_count

THREADS_VARIABLE = "TF_NUM_INTRAOP_THREADS"
"""TensorFlow reads it once, before its first operation; PyTorch reads the other one."""
THREADS_VARIABLES = (THREADS_VARIABLE, "OMP_NUM_THREADS")


def use_threads(threads: int | None) -> None:
    """Fix the number of threads; a number that the user's shell sets is kept.

    Unset it follows the machine's cores, and two machines train different last bits.

    Args:
        threads: 1 or more, or none for one a physical core.
    """
    count = threads or cpu_count(only_physical_cores=True)
    for variable in THREADS_VARIABLES:
        os.environ.setdefault(variable, str(count))
