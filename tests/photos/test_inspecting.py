import numpy as np
import pytest
from PIL import Image, ImageFilter

from kigezi.photos.inspecting import describe_border, inspect, measure_sharpness
from tests.pictures import encoded, picture


def _scene(side: int) -> Image.Image:
    """Patches with sharp edges, the same at every size."""
    patches = picture(3, (24, 24))
    return patches.resize((side, side), Image.Resampling.NEAREST)


def _inspect(image: Image.Image) -> tuple[float, float, float]:
    one = inspect(encoded(image, "PNG"), 32, "crop")
    return one.sharpness, one.brightness, one.clipped


def test_blur_lowers_sharpness() -> None:
    sharp = _scene(256)
    soft = sharp.filter(ImageFilter.GaussianBlur(3))
    assert _inspect(soft)[0] < _inspect(sharp)[0] / 10


@pytest.mark.parametrize("side", [512, 1024, 2048])
def test_sharpness_does_not_depend_on_the_resolution(side: int) -> None:
    assert _inspect(_scene(side))[0] == pytest.approx(_inspect(_scene(512))[0], rel=0.2)


def test_sharpness_is_the_variance_of_the_laplacian() -> None:
    grey = np.zeros((5, 5), np.float32)
    grey[2, 2] = 1
    # One -4, four 1 and four 0: mean 0.
    assert measure_sharpness(grey) == pytest.approx(20 / 9)


@pytest.mark.parametrize(
    ("color", "expected"), [("black", (0, 0, 1)), ("white", (0, 1, 1))]
)
def test_plain_surfaces(color: str, expected: tuple[float, ...]) -> None:
    assert _inspect(Image.new("RGB", (40, 40), color)) == pytest.approx(expected)


@pytest.mark.parametrize("size", [(32, 32), (33, 200), (3000, 40)])
def test_any_size_is_inspected(size: tuple[int, int]) -> None:
    one = inspect(encoded(picture(1, size)), 32, "pad")
    assert np.isfinite(one.border).all()
    assert one.sharpness > 0


@pytest.mark.parametrize("size", [32, 96, 224])
def test_the_border_does_not_see_the_middle(size: int) -> None:
    plain = picture(5, (size, size))
    changed = plain.copy()
    wide = round(size / 10)
    middle = size - 2 * wide
    changed.paste(picture(9, (middle, middle)), (wide, wide))
    seen = describe_border(plain)
    assert seen.shape == (126,)
    np.testing.assert_array_equal(seen, describe_border(changed))
    changed.putpixel((wide - 1, size // 2), (255, 0, 255))
    assert (seen != describe_border(changed)).any()
