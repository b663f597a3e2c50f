from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from kedro.io import DatasetError

from kigezi.datasets.model_inputs import ModelInputs, ModelInputsDataset

SHAPE = (3, 4, 4, 3)
Pixels = npt.NDArray[np.uint8]


def _store(folder: Path) -> ModelInputs:
    return ModelInputsDataset(path=str(folder)).load()


def _fill(pixels: Pixels) -> None:
    pixels[:] = np.arange(pixels.size, dtype=np.uint8).reshape(pixels.shape)


def _refuse(pixels: Pixels) -> None:
    raise AssertionError("it was made already")


def test_an_array_is_made_once(tmp_path: Path) -> None:
    made = _store(tmp_path).get_or_make("a" * 64, SHAPE, _fill)
    found = _store(tmp_path).get_or_make("a" * 64, SHAPE, _refuse)
    np.testing.assert_array_equal(made, found)
    assert found.shape == SHAPE
    assert found[2, 3, 3, 2] == 143


def test_another_digest_is_another_array(tmp_path: Path) -> None:
    first = _store(tmp_path).get_or_make("a" * 64, SHAPE, _fill)
    other = _store(tmp_path).get_or_make("b" * 64, SHAPE, lambda pixels: None)
    assert first.any()
    assert not other.any()


def test_an_array_is_mapped_and_cannot_be_changed(tmp_path: Path) -> None:
    array = _store(tmp_path).get_or_make("a" * 64, SHAPE, _fill)
    assert isinstance(array, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 0


def test_an_interrupted_making_leaves_nothing(tmp_path: Path) -> None:
    def fail(pixels: Pixels) -> None:
        pixels[0] = 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _store(tmp_path).get_or_make("a" * 64, SHAPE, fail)
    assert list(tmp_path.iterdir()) == []
    assert _store(tmp_path).get_or_make("a" * 64, SHAPE, _fill).any()


def test_the_entry_is_an_open_store(tmp_path: Path) -> None:
    dataset = ModelInputsDataset(path=str(tmp_path))
    assert dataset.exists()
    with pytest.raises(DatasetError, match="through its open store"):
        dataset.save(1)
