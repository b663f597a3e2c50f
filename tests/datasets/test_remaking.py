from pathlib import Path

import pandas as pd
import pytest

from kigezi.datasets import contents
from kigezi.datasets.remaking import remake_images
from tests.datasets.builds import dataset, small_build


@pytest.mark.parametrize("workers", [1, 2])
def test_images_made_again_have_the_rows_of_the_manifest(
    tmp_path: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "_CHUNK", 5)
    build = small_build(tmp_path / "photographs")
    dataset(tmp_path).save(build)
    made, faults = remake_images(build, workers)
    manifest = dataset(tmp_path).load().version(build.digest).manifest
    pd.testing.assert_frame_equal(made, manifest)
    assert faults.empty


def test_a_fault_does_not_stop_the_others(tmp_path: Path) -> None:
    build = small_build(tmp_path / "photographs")
    (tmp_path / "photographs" / "a" / "003.jpg").write_bytes(b"")
    made, faults = remake_images(build, 1)
    assert len(made) == 44
    (fault,) = faults.itertuples()
    assert fault.path == "a/003.jpg"
    assert fault.problem == "has changed since it was ingested"
    assert fault.photo_id not in set(made["photo_id"])
