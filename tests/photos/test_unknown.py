import numpy as np

from kigezi.photos.unknown import draw_unknown


def test_other_things_are_always_the_same() -> None:
    images = draw_unknown(12, 48)
    assert images.shape == (12, 48, 48, 3)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(draw_unknown(12, 48), images)
    np.testing.assert_array_equal(draw_unknown(5, 48), images[:5])


def test_other_things_differ_and_show_something() -> None:
    images = draw_unknown(40, 32)
    assert len({image.tobytes() for image in images}) == 40
    assert (images.std(axis=(1, 2)).max(axis=1) > 1).all()
