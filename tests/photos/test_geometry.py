import numpy as np
import pytest
from PIL import Image

from kigezi.photos.geometry import Fit, fit
from tests.pictures import picture


@pytest.mark.parametrize("how", ["crop", "pad", "squash"])
@pytest.mark.parametrize("size", [(1, 1), (1, 500), (333, 32), (32, 32), (31, 33)])
def test_always_a_square(size: tuple[int, int], how: Fit) -> None:
    square = fit(picture(1, size), 32, how)
    assert (square.size, square.mode) == ((32, 32), "RGB")


def _striped() -> Image.Image:
    """Red, green and blue thirds from left to right."""
    image = Image.new("RGB", (90, 30), "green")
    image.paste("red", (0, 0, 30, 30))
    image.paste("blue", (60, 0, 90, 30))
    return image


def test_crop_keeps_the_middle() -> None:
    assert fit(_striped(), 30, "crop").getpixel((15, 15)) == (0, 128, 0)
    assert fit(_striped(), 30, "crop").getextrema()[0][1] < 20


def test_pad_keeps_all_between_black_bars() -> None:
    square = fit(_striped(), 90, "pad")
    assert square.getpixel((45, 5)) == (0, 0, 0)
    assert square.getpixel((45, 85)) == (0, 0, 0)
    assert np.array_equal(np.asarray(square)[30:60], np.asarray(_striped()))


def test_squash_keeps_all_without_bars() -> None:
    square = fit(_striped(), 30, "squash")
    assert square.getpixel((2, 2)) == (255, 0, 0)
    assert square.getpixel((27, 27)) == (0, 0, 255)


def test_a_photograph_of_the_right_size_is_left_alone() -> None:
    image = picture(1, (32, 32))
    assert fit(image, 32, "crop").tobytes() == image.tobytes()
