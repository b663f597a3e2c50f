"""Memory that a training needs, and what to do where there is less."""

import logging
from pathlib import Path

import keras
import psutil

from kigezi.learning.network import Network
from kigezi.records import Assignment
from kigezi.schemas import BACKBONE_LAYERS, Recipe

_log = logging.getLogger(__name__)

_PROGRAM = 1.0e9
"""bytes that Python, the libraries, weights and optimizer take"""
_IMAGE = {"frozen": 30e6 / 224**2, "train": 66e6 / 224**2}
"""bytes that an image of a batch takes, a pixel, if all layers are trained at alpha 1.0

By what batch normalization does. Measured on a processor at 224 px, training alone:
1.5 and 4.4 GB with frozen normalization and batches of 32 and 128, 3.0 and 9.4 GB with
trained. Layers that are not trained take little; the others are taken to need the same
each, which errs on the large side for those at the top.
"""


def memory_needed(recipe: Recipe, size: int) -> float:
    """About how many bytes a training takes.

    Args:
        size: Side of an image in pixels.
    """
    share = recipe.opened_layers / BACKBONE_LAYERS
    image = _IMAGE[recipe.effective_batch_norm] * size**2 * recipe.alpha * share
    return _PROGRAM + recipe.batch_size * image


def warn_of_lack(assignment: Assignment, size: int, kills: int) -> None:
    """Say before a training that memory may not suffice, while it can be stopped.

    Args:
        size: Side of an image in pixels.
        kills: How often memory seems to have run out before.
    """
    needed, free = memory_needed(assignment.recipe, size), _free()
    if not kills and needed < free:
        return
    why = f"it was killed {kills} time(s)" if kills else f"{_giga(free)} are free"
    _log.warning(
        "%s: about %s of memory are needed, and %s; if it ends without a word, lower "
        "batch_size (%d) or close other programs.",
        *(assignment.name, _giga(needed), why, assignment.recipe.batch_size),
    )


def explain_lack(
    recipe: Recipe, size: int, kills: int = 0, folder: Path | None = None
) -> str:
    """Why a variant failed, and what to lower.

    Args:
        size: Side of an image in pixels.
        kills: How often the system killed it, if that is how it ended.
        folder: Where the training is kept; without it, it is tried again.
    """
    ended = f"out of memory? (killed {kills} times)" if kills else "out of memory"
    again = f", or delete {folder} to try again" if folder else ""
    return (
        f"{ended}: about {_giga(memory_needed(recipe, size))} are needed; lower "
        f"batch_size ({recipe.batch_size}) or image.size ({size}){again}"
    )


def lacks_memory(error: Exception) -> bool:
    """Whether an error of any backend says so; what filled the memory is let go."""
    names = {kind.__name__ for kind in type(error).__mro__}
    lacking = {"MemoryError", "ResourceExhaustedError", "OutOfMemoryError"}
    found = bool(names & lacking) or "RESOURCE_EXHAUSTED" in str(error)
    if found:
        Network.forget()
        keras.utils.clear_session()
    return found


def _free() -> float:
    """Bytes of memory that may be taken; on a GPU it is the GPU's that counts."""
    if keras.backend.backend() != "torch":
        # JAX refuses to be asked for GPUs where there are none.
        devices = keras.distribution.list_devices()
        if any(device.startswith("gpu") for device in devices):
            return float("inf")
    return float(psutil.virtual_memory().available)


def _giga(count: float) -> str:
    return f"{count / 1e9:.1f} GB"
