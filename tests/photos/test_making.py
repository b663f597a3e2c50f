import hashlib
import platform
import subprocess
import sys
from io import BytesIO

import PIL
import pytest
from PIL import Image

from kigezi.photos.building import AUGMENTATION_VERSION, image_maker
from kigezi.photos.geometry import FILTER
from kigezi.photos.making import MadeImage, hash_pixels
from tests.pictures import augment_parameters, encoded, image_parameters, picture

LOCK = ("linux", "x86_64", "13.0.0")
DATA = encoded(picture(1, (60, 50)), "PNG")


def _make(photo_id: str = "a", **changes: object) -> list[MadeImage]:
    make = image_maker(image_parameters(), augment_parameters(**changes))
    return make(DATA, photo_id)


def test_copy_0_is_the_photograph_at_the_working_size() -> None:
    recipe, jpeg, pixels = _make()[0]
    expected = picture(1, (60, 50)).resize((32, 32), FILTER, box=(5, 0, 55, 50))
    assert (recipe, pixels) == ({}, hash_pixels(expected))
    assert Image.open(BytesIO(jpeg)).size == (32, 32)


@pytest.mark.skipif(
    (sys.platform, platform.machine(), PIL.__version__) != LOCK,
    reason="pixels are promised for one system and one Pillow",
)
def test_changed_pixels_need_another_augmentation_version() -> None:
    """If this fails on purpose, raise AUGMENTATION_VERSION and put in the new hash."""
    pixels = "".join(image[2] for image in _make())
    golden = (AUGMENTATION_VERSION, hashlib.sha256(pixels.encode()).hexdigest()[:16])
    assert golden == (2, "410237d5b1d91c85")


def test_as_many_copies_as_asked_for() -> None:
    assert [len(_make(copies=copies)) for copies in (0, 1, 3)] == [1, 2, 4]


def test_same_bytes_every_time() -> None:
    assert _make() == _make()


def test_more_copies_leave_the_first_ones() -> None:
    assert _make(copies=5)[:4] == _make(copies=3)


def test_copies_and_photographs_differ() -> None:
    pixels = [image[2] for image in _make("a") + _make("b")[1:]]
    assert len(set(pixels)) == 7


def test_pixels_are_hashed_with_mode_and_size() -> None:
    wide, high = Image.new("RGB", (4, 2)), Image.new("RGB", (2, 4))
    assert hash_pixels(wide) != hash_pixels(high)
    expected = hashlib.sha256(b"RGB:4x2:" + bytes(24)).hexdigest()
    assert hash_pixels(wide) == expected


def test_workers_import_neither_kedro_nor_pandas() -> None:
    code = (
        "import sys, kigezi.datasets.writing\n"
        "heavy = {'kedro', 'pandas', 'tensorflow', 'keras', 'mlflow', 'sklearn'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
