import keras
import numpy as np
import psutil
import pytest

from kigezi.learning.memory import (
    explain_lack,
    lacks_memory,
    memory_needed,
    warn_of_lack,
)
from kigezi.schemas import Recipe
from tests.conftest import make_assignment, make_recipe


def _recipe(
    batch_size: int,
    unfreeze: str = "all",
    alpha: float = 1.0,
    batch_norm: str = "frozen",
) -> Recipe:
    return make_recipe(
        batch_size=batch_size, unfreeze=unfreeze, alpha=alpha, batch_norm=batch_norm
    )


@pytest.mark.parametrize(
    ("batch_norm", "batch_size", "measured"),
    [
        ("frozen", 32, 1.5e9),
        ("frozen", 128, 4.4e9),
        ("train", 32, 3.0e9),
        ("train", 128, 9.4e9),
    ],
)
def test_at_least_what_was_measured_is_told(
    batch_norm: str, batch_size: int, measured: float
) -> None:
    needed = memory_needed(_recipe(batch_size, batch_norm=batch_norm), 224)
    assert measured < needed < measured + 0.6e9


def test_little_is_needed_for_the_head_and_small_images() -> None:
    assert memory_needed(_recipe(128, "none"), 224) < 1.5e9
    assert memory_needed(_recipe(128), 96) < 2e9
    assert memory_needed(_recipe(128, alpha=0.35), 224) < 3e9


@pytest.mark.parametrize(
    ("free", "kills", "said"), [(9e9, 0, 0), (2e9, 0, 1), (9e9, 1, 1)]
)
def test_a_lack_is_said_before(
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    free: float,
    kills: int,
    said: int,
) -> None:
    memory = psutil.virtual_memory()._replace(available=free)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    assignment = make_assignment(unfreeze="all", alpha=1.0, batch_size=128)
    warn_of_lack(assignment, 224, kills)
    assert len(caplog.messages) == said
    if said:
        assert "about 4.8 GB of memory are needed" in caplog.text
        assert "lower batch_size (128)" in caplog.text
    assert ("it was killed 1 time(s)" in caplog.text) == bool(kills)


class ResourceExhaustedError(Exception):
    """As TensorFlow's."""


@pytest.mark.parametrize(
    ("error", "lacking"),
    [
        (MemoryError("cannot allocate"), True),
        (np._core._exceptions._ArrayMemoryError((9,), np.dtype("f4")), True),
        (ResourceExhaustedError("OOM when allocating"), True),
        (RuntimeError("RESOURCE_EXHAUSTED: out of memory"), True),
        (ValueError("a bug"), False),
    ],
)
def test_errors_of_every_backend_are_known(error: Exception, lacking: bool) -> None:
    assert lacks_memory(error) == lacking


def test_tensorflows_own_error_is_known() -> None:
    tensorflow = pytest.importorskip("tensorflow")
    error = tensorflow.errors.ResourceExhaustedError(None, None, "OOM")
    assert lacks_memory(error)


def test_the_sentence_names_what_to_lower() -> None:
    said = explain_lack(_recipe(64), 224)
    assert said.startswith("out of memory: about ")
    assert "lower batch_size (64) or image.size (224)" in said
    assert "\n" not in said


def test_memory_is_let_go() -> None:
    layer = keras.layers.Dense(1, name="kept")
    assert layer.name == "kept"
    assert lacks_memory(MemoryError())
    assert keras.layers.Dense(1).name == "dense"
