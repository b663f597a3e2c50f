from pathlib import Path
from typing import Any

import keras
import pytest

from kigezi.datasets import weights as module
from kigezi.datasets.weights import (
    BackboneWeights,
    BackboneWeightsDataset,
    imagenet_file,
)
from kigezi.errors import DataError
from tests.conftest import make_recipe

NAME = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
IMAGENET = make_recipe(weights="imagenet", alpha=1.0)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "models"


def _finder(folder: Path) -> BackboneWeights:
    return BackboneWeightsDataset(path=str(folder)).load()


def test_random_weights_need_no_file(tmp_path: Path) -> None:
    weights = _finder(tmp_path).find(make_recipe())
    assert (weights.path, weights.digest) == (None, "random")


def test_a_local_file_is_relative_to_the_project(tmp_path: Path) -> None:
    (tmp_path / "mine.h5").write_bytes(b"weights")
    weights = _finder(tmp_path).find(make_recipe(weights="mine.h5"))
    assert weights.path == tmp_path / "mine.h5"
    (tmp_path / "mine.h5").write_bytes(b"others")
    again = _finder(tmp_path).find(make_recipe(weights=str(tmp_path / "mine.h5")))
    assert again.digest != weights.digest


def test_a_local_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        _finder(tmp_path).find(make_recipe(weights="gone.h5"))
    assert str(tmp_path / "gone.h5") in error.value.message
    assert "imagenet, bundled, random, or the path" in error.value.message


def test_the_bundled_weights_are_there_and_whole(tmp_path: Path) -> None:
    weights = _finder(tmp_path).find(make_recipe(weights="bundled"))
    assert weights.digest == module.BUNDLED_SHA256
    assert weights.path and weights.path.stat().st_size < 2_000_000
    card = (weights.path.parent / "README.md").read_text("utf-8")
    assert module.BUNDLED_SHA256 in card
    assert "kedro run --pipeline=pretrain" in card


def test_damaged_bundled_weights_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = tmp_path / "bundled.weights.h5"
    monkeypatch.setattr(module, "BUNDLED", damaged)
    for problem in ("sha256 none", "sha256 2c26b46b"):
        with pytest.raises(DataError) as error:
            _finder(tmp_path).find(make_recipe(weights="bundled"))
        for part in (str(damaged), problem, "git checkout -- bundled.weights.h5"):
            assert part in error.value.message
        damaged.write_bytes(b"foo")


def test_bundled_weights_fit_one_width(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        _finder(tmp_path).find(make_recipe(weights="bundled", alpha=1.0))
    assert "has alpha 1.0: set tune.baseline.alpha" in error.value.message


def test_one_file_serves_every_size() -> None:
    assert imagenet_file(1.0) == NAME


def test_no_internet(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError("URL fetch failure:\nName or service not known")

    monkeypatch.setattr(keras.utils, "get_file", fail)
    with pytest.raises(DataError) as error:
        _finder(tmp_path).find(IMAGENET)
    message = error.value.message
    address = (
        "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2"
    )
    for part in (f"{address}/{NAME}", "f1a68526548f7541cda07e19ba6c85f4", str(cache)):
        assert part in message
    assert "Name or service not known" in message
    assert "9,406,464 bytes" in message
    for part in ("weights to bundled", "alpha to 0.35", "image.size to 96"):
        assert part in message
    assert "\n" not in message


def test_wrong_bytes_in_the_cache(tmp_path: Path, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / NAME).write_bytes(b"half of it")
    with pytest.raises(DataError) as error:
        _finder(tmp_path).find(IMAGENET)
    assert f"{cache / NAME} has 10 bytes" in error.value.message
    assert "delete it" in error.value.message


def test_a_download_is_checked_and_never_seen_half(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(
        name: str, *_: Any, cache_dir: str, cache_subdir: str, **__: Any
    ) -> str:
        path = Path(cache_dir, cache_subdir, name)
        assert path.name != NAME
        path.parent.mkdir(parents=True)
        path.write_bytes(b"error page")
        return str(path)

    monkeypatch.setattr(keras.utils, "get_file", download)
    with pytest.raises(DataError, match="instead of"):
        _finder(tmp_path).find(IMAGENET)


def test_a_file_that_nobody_published_a_checksum_for(
    tmp_path: Path, cache: Path
) -> None:
    cache.mkdir(parents=True)
    (cache / imagenet_file(0.35)).write_bytes(b"weights")
    recipe = make_recipe(weights="imagenet")
    weights = _finder(tmp_path).find(recipe)
    assert weights.path == cache / imagenet_file(0.35)
    assert len(weights.digest) == 64


def test_another_checksum_is_a_warning(
    tmp_path: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache.mkdir(parents=True)
    with (cache / NAME).open("wb") as file:
        file.truncate(9_406_464)
    assert _finder(tmp_path).find(IMAGENET).path == cache / NAME
    assert "f1a68526548f7541cda07e19ba6c85f4 is on record" in caplog.text
