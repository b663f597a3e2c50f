import keras
import numpy as np
import pytest

from kigezi.learning.batches import Batches, batches_of
from tests.conftest import make_examples

EXAMPLES = make_examples()
ROWS = np.array([5, 1, 3, 0, 2])


@pytest.mark.parametrize("backend", ["tensorflow", "torch"])
def test_batches_keep_the_order_and_lose_nothing(
    monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    batches = batches_of(EXAMPLES, ROWS, batch_size=2)
    assert isinstance(batches, Batches) == (backend == "torch")
    assert len(batches) == 3
    seen = [batches[index] for index in range(3)] if backend == "torch" else batches
    images, labels = (
        np.concatenate([np.asarray(part) for part in parts])
        for parts in zip(*seen, strict=True)
    )
    np.testing.assert_array_equal(images, EXAMPLES.images[ROWS])
    assert labels.tolist() == EXAMPLES.labels[ROWS].tolist()
    assert images.dtype == np.uint8


def test_they_can_be_read_again() -> None:
    batches = batches_of(EXAMPLES, ROWS, batch_size=2)
    assert [len(labels) for _ in range(2) for _, labels in batches] == 2 * [2, 2, 1]


def test_tensorflow_does_not_tune_them_meanwhile() -> None:
    # The end of an epoch would wait for the thread that tunes.
    options = batches_of(EXAMPLES, ROWS, batch_size=2).options()
    assert options.autotune.enabled is False
