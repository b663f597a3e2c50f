from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kigezi.errors import DataError
from kigezi.photos.geometry import fit
from kigezi.photos.measuring import WorkingImages, measure_folder
from kigezi.photos.reading import decode
from kigezi.photos.surveying import Limits, survey
from tests.pictures import image_parameters, photograph_folder

IMAGE = image_parameters(32)


def _kept(root: Path) -> tuple[pd.DataFrame, object]:
    folder = photograph_folder(root, {"a": 5, "b": 4})
    return survey(folder, Limits(1, 16)), folder


def test_the_number_of_threads_changes_nothing(tmp_path: Path) -> None:
    kept, folder = _kept(tmp_path)
    one, borders = measure_folder(folder, kept, IMAGE, threads=1)
    many, same = measure_folder(folder, kept, IMAGE, threads=5)
    pd.testing.assert_frame_equal(one, many)
    np.testing.assert_array_equal(borders, same)
    assert one["path"].tolist() == kept["path"].tolist()
    assert borders.shape == (9, 126)
    data = (tmp_path / one["path"][3]).read_bytes()
    assert one["bytes"][3] == len(data)
    assert one["bytes_per_pixel"][3] == len(data) / (48 * 40)


def test_the_moment_is_told_apart_in_hour_and_day(tmp_path: Path) -> None:
    kept, folder = _kept(tmp_path)
    kept["taken"] = ["2024-03-09T14:30:00", "0001-01-02T00:00:00", *[""] * 7]
    measures, _ = measure_folder(folder, kept, IMAGE)
    assert measures["hour"].tolist()[:2] == [14.5, 0]
    assert measures["day"].tolist()[:2] == [date(2024, 3, 9).toordinal(), 2]
    assert measures.loc[2:, ["hour", "day"]].isna().all(axis=None)


def test_working_images_are_those_that_are_stored(tmp_path: Path) -> None:
    kept, folder = _kept(tmp_path)
    images = WorkingImages(folder, kept, IMAGE)
    assert (len(images), images.shape) == (9, (9, 32, 32, 3))
    pixels = images[np.array([7, 2, 7])]
    data = (tmp_path / kept["path"][2]).read_bytes()
    np.testing.assert_array_equal(
        pixels[1], np.asarray(fit(decode(data, 32), 32, "crop"))
    )
    np.testing.assert_array_equal(pixels[0], pixels[2])


def test_a_photograph_that_changed_is_named(tmp_path: Path) -> None:
    kept, folder = _kept(tmp_path)
    (tmp_path / "b" / "001.jpg").write_bytes(b"changed")
    with pytest.raises(DataError, match=r"b/001\.jpg in .* has changed since"):
        measure_folder(folder, kept, IMAGE)
