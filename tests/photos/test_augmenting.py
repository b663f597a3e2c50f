import dataclasses
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.ImageEnhance import Brightness, Color, Contrast

from kigezi.photos.augmenting import Augmentation, change, draw_changes
from tests.pictures import augment_parameters, picture, still_parameters

GOLDEN = {
    "flip_horizontal": True,
    "flip_vertical": False,
    "rotation": 11.065376589167876,
    "zoom": 1.048404149060751,
    "shift_x": 0.01701088111839577,
    "shift_y": -0.04427144525198097,
    "brightness": 1.1386157306542168,
    "contrast": 0.9014337939744841,
    "color": 1.0523611171617673,
}


def _augmentation(**changes: Any) -> Augmentation:
    return Augmentation(**augment_parameters(**changes).model_dump())


NOTHING = draw_changes("a", 1, Augmentation(**still_parameters().model_dump()))


def _changed(image: Image.Image, **values: float) -> np.ndarray:
    return np.asarray(change(image, image, [dataclasses.replace(NOTHING, **values)])[0])


def test_nothing_drawn_changes_nothing() -> None:
    image = picture(1, (32, 32))
    assert np.array_equal(_changed(image), np.asarray(image))


def test_flips_are_exact() -> None:
    image = picture(1, (32, 32))
    pixels = np.asarray(image)
    assert np.array_equal(_changed(image, flip_horizontal=True), pixels[:, ::-1])
    assert np.array_equal(_changed(image, flip_vertical=True), pixels[::-1])


def test_a_quarter_turn_is_counter_clockwise() -> None:
    pixels = np.asarray(picture(1, (32, 32)))
    turned = _changed(picture(1, (32, 32)), rotation=90)
    assert np.array_equal(turned, np.rot90(pixels))


def test_shift_goes_right_and_down() -> None:
    pixels = np.asarray(picture(1, (32, 32)))
    moved = _changed(picture(1, (32, 32)), shift_x=0.25, shift_y=0.125)
    assert np.array_equal(moved[4:, 8:], pixels[:-4, :-8])


def test_a_turned_pattern_is_about_as_true_as_by_a_linear_filter() -> None:
    image = _waves(0)
    linear = image.rotate(20, Image.Resampling.BILINEAR)
    assert _error(image) < 1.6 * _noise(linear)


def test_a_copy_of_a_larger_photograph_is_truer() -> None:
    assert _error(_waves(0, side=192)) < 0.8 * _error(_waves(0))


def _error(source: Image.Image) -> float:
    turned = change(source, _waves(0), [dataclasses.replace(NOTHING, rotation=20)])
    return _noise(turned[0])


def _noise(turned: Image.Image) -> float:
    """How far waves that were turned by 20 degrees are from those drawn so."""
    difference = np.asarray(turned) - np.asarray(_waves(20)).astype(float)
    return float(np.std(difference[20:-20, 20:-20]))


def _waves(angle: float, side: int = 96) -> Image.Image:
    """12 waves in one direction."""
    y, x = (np.mgrid[:side, :side] + 0.5) / side - 0.5
    along = x * np.cos(np.radians(angle)) - y * np.sin(np.radians(angle))
    grey = np.rint(128 + 80 * np.sin(2 * np.pi * 12 * along)).astype(np.uint8)
    return Image.fromarray(np.repeat(grey[..., None], 3, axis=2))


@pytest.mark.parametrize("margin_in_sides", [0.3, 2.4])
def test_beyond_the_image_is_its_mirror_image(margin_in_sides: float) -> None:
    image = picture(1, (32, 32))
    zoom = 1 / (1 + 2 * margin_in_sides)
    far = _changed(image, zoom=zoom)
    margin = round(32 * margin_in_sides)
    around = ((margin, margin), (margin, margin), (0, 0))
    wide = Image.fromarray(np.pad(np.asarray(image), around, "symmetric"))
    nearest = np.asarray(wide.resize((64, 64), Image.Resampling.NEAREST).reduce(2))
    assert np.abs(far.astype(int) - nearest).mean() < 6


def test_zoom_magnifies_the_middle() -> None:
    image = Image.new("RGB", (32, 32), "black")
    image.paste("white", (12, 12, 20, 20))
    near, far = (_changed(image, zoom=zoom).mean() for zoom in (2.0, 0.9))
    assert near > 3.5 * np.asarray(image).mean() > 3.5 * far


@pytest.mark.parametrize("rotation", [-180, -45, 10, 30, 171])
@pytest.mark.parametrize("zoom", [0.1, 0.9, 1.2])
def test_no_corner_is_black(rotation: float, zoom: float) -> None:
    image = Image.new("RGB", (32, 32), (200, 180, 160))
    moved = _changed(image, rotation=rotation, zoom=zoom, shift_x=0.5, shift_y=-0.5)
    assert np.array_equal(moved, np.asarray(image))


def test_brightness_multiplies() -> None:
    image = Image.new("RGB", (32, 32), (100, 50, 240))
    assert _changed(image, brightness=1.2)[0, 0].tolist() == [120, 60, 255]


def test_contrast_is_about_the_mean_grey() -> None:
    image = Image.new("RGB", (32, 32), (100, 100, 100))
    image.paste((200, 200, 200), (0, 0, 32, 16))
    assert _changed(image, contrast=0.5)[[0, 31], 0, 0].tolist() == [175, 125]


def test_tones_are_those_of_pillow() -> None:
    """Its three enhancements one after the other, where none reaches black or white."""
    image = picture(1, (32, 32)).point(lambda tone: 90 + tone // 4)
    factors = {"color": 1.2, "brightness": 0.7, "contrast": 1.3}
    expected = image
    for enhance in (Color, Brightness, Contrast):
        expected = enhance(expected).enhance(factors[enhance.__name__.lower()])
    difference = _changed(image, **factors) - np.asarray(expected).astype(int)
    assert np.abs(difference).max() <= 3  # Pillow cuts off three times


def test_color_zero_is_grey() -> None:
    changed = _changed(picture(1, (32, 32)), color=0.0)
    assert np.array_equal(changed[..., 0], changed[..., 2])


def test_copies_do_not_depend_on_each_other() -> None:
    image = picture(1, (32, 32))
    drawn = [draw_changes("a", copy, _augmentation()) for copy in (1, 2, 3)]
    together = change(image, image, drawn)
    alone = [change(image, image, [one])[0] for one in drawn]
    assert [one.tobytes() for one in together] == [one.tobytes() for one in alone]


def test_the_draw_is_golden() -> None:
    drawn = draw_changes("photograph", 1, _augmentation())
    assert drawn.as_dict() == pytest.approx(GOLDEN, rel=1e-12)


@pytest.mark.parametrize("other", [("b", 1, 7), ("a", 2, 7), ("a", 1, 8)])
def test_photograph_copy_and_seed_each_matter(other: tuple[str, int, int]) -> None:
    photo_id, copy, seed = other
    drawn = draw_changes(photo_id, copy, _augmentation(seed=seed))
    assert drawn != draw_changes("a", 1, _augmentation(seed=7))


@pytest.mark.parametrize(
    ("name", "off", "fields"),
    [
        ("flip_horizontal", 0, {"flip_horizontal"}),
        ("rotation", 0, {"rotation"}),
        ("shift", 0, {"shift_x", "shift_y"}),
        ("zoom", [1, 1], {"zoom"}),
        ("contrast", [1, 1], {"contrast"}),
    ],
)
def test_one_change_off_leaves_the_others(name: str, off: object, fields: set) -> None:
    for copy in range(1, 20):
        before = draw_changes("a", copy, _augmentation()).as_dict()
        after = draw_changes("a", copy, _augmentation(**{name: off})).as_dict()
        assert {key for key in before if before[key] != after[key]} <= fields


def test_draws_stay_in_their_ranges() -> None:
    drawn = [draw_changes("a", copy, _augmentation()) for copy in range(300)]
    assert all(-30 <= one.rotation <= 30 for one in drawn)
    assert all(0.9 <= one.zoom <= 1.2 for one in drawn)
    assert 100 < sum(one.flip_vertical for one in drawn) < 200
    assert max(one.shift_x for one in drawn) > 0.09
