import errno
import os
import threading
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from kedro.io import DatasetError

from kigezi.datasets.model_inputs import ModelInputs, ModelInputsDataset

SHAPE = (3, 4, 4, 3)
Pixels = npt.NDArray[np.uint8]


def _store(folder: Path) -> ModelInputs:
    return ModelInputsDataset(path=str(folder), gigabytes=1).load()


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
    assert not list(tmp_path.glob("*.npy"))
    assert not list(tmp_path.glob(".incomplete*"))
    assert _store(tmp_path).get_or_make("a" * 64, SHAPE, _fill).any()


def test_other_types_are_kept_as_they_are(tmp_path: Path) -> None:
    def fill(values: npt.NDArray[np.float32]) -> None:
        values[:] = np.pi

    array = _store(tmp_path).get_or_make("a" * 64, (2, 5), fill, np.float32)
    assert array.dtype == np.float32
    assert array[1, 4] == np.float32(np.pi)


@pytest.mark.parametrize("suffix", [".npy", ".sha256"])
def test_a_damaged_array_is_made_again(
    tmp_path: Path, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    array = _store(tmp_path).get_or_make("a" * 64, SHAPE, _fill)
    path = next(tmp_path.glob(f"*{suffix}"))
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    del array
    path.write_bytes(damaged)
    again = _store(tmp_path).get_or_make("a" * 64, SHAPE, _fill)
    assert again[2, 3, 3, 2] == 143
    assert f"{next(tmp_path.glob('*.npy'))} is damaged: it is made again" in caplog.text
    _store(tmp_path).get_or_make("a" * 64, SHAPE, _refuse)


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="POSIX only")
def test_a_full_disk_is_an_error_before_anything_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match=r"No space left.*npy"):
        _store(tmp_path).get_or_make("a" * 64, SHAPE, _refuse)
    assert not list(tmp_path.glob("*.npy"))
    assert not list(tmp_path.glob(".incomplete*"))


def test_two_at_once_make_an_array_once(tmp_path: Path) -> None:
    made: list[int] = []

    def fill(pixels: Pixels) -> None:
        made.append(1)
        time.sleep(0.3)
        _fill(pixels)

    def ask() -> None:
        _store(tmp_path).get_or_make("a" * 64, SHAPE, fill)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_an_array_without_its_checksum_is_made_again(tmp_path: Path) -> None:
    _store(tmp_path).get_or_make("a" * 64, SHAPE, lambda pixels: None)
    next(tmp_path.glob("*.sha256")).unlink()
    assert _store(tmp_path).get_or_make("a" * 64, SHAPE, _fill).any()


def test_what_was_not_used_for_longest_makes_room(tmp_path: Path) -> None:
    size = 128 + int(np.prod(SHAPE))  # with NumPy's header
    store = ModelInputs(tmp_path, limit=2 * size)
    for age, name in enumerate("abc"):
        store.get_or_make(name * 64, SHAPE, _fill)
        used = 1_700_000_000 + age
        os.utime(tmp_path / f"{name * 32}.sha256", (used, used))
        if name == "b":
            store.get_or_make("a" * 64, SHAPE, _refuse)
    left = {path.name for path in tmp_path.iterdir() if path.suffix != ".lock"}
    assert left == {f"{n * 32}{s}" for n in "ac" for s in (".npy", ".sha256")}


def test_an_array_larger_than_the_limit_is_kept_while_it_is_the_newest(
    tmp_path: Path,
) -> None:
    store = ModelInputs(tmp_path, limit=1)
    assert store.get_or_make("a" * 64, SHAPE, _fill).any()
    assert store.get_or_make("b" * 64, SHAPE, _fill).any()
    assert [path.stem for path in tmp_path.glob("*.npy")] == ["b" * 32]


def test_the_entry_is_an_open_store(tmp_path: Path) -> None:
    dataset = ModelInputsDataset(path=str(tmp_path), gigabytes=1)
    assert dataset.exists()
    with pytest.raises(DatasetError, match="through its open store"):
        dataset.save(1)
