import numpy as np
import pandas as pd
import pytest

from kigezi.pair_pictures import draw_pairs, thumbnail
from kigezi.photos.hashing import oriented
from tests.pictures import encoded, textured

FILES = {f"{label}/{n}.jpg": encoded(textured(n)) for label in "ab" for n in range(9)}


def _pairs(count: int, one_subject: bool, label: str = "a") -> pd.DataFrame:
    numbers = np.arange(count) % 8
    return pd.DataFrame(
        {
            "path_1": [f"a/{number}.jpg" for number in numbers],
            "path_2": [f"{label}/{number + 1}.jpg" for number in numbers],
            "label_1": "a",
            "label_2": label,
            "orientation": numbers,
            "likeness": np.linspace(0.9, 0.1, count),
            "one_subject": np.full(count, one_subject),
        }
    )


def _titles(pairs: pd.DataFrame) -> list[list[str]]:
    """The titles of pictures, by section."""
    figure = draw_pairs(pairs, FILES.__getitem__)
    axes = [part.axes for part in figure.subfigs]
    return [[one.get_title() for one in part if one.images] for part in axes]


@pytest.mark.parametrize("count", [0, 1, 12, 13, 60_000])
def test_some_of_any_number_of_pairs_are_shown(count: int) -> None:
    parts = [_pairs(count, True, "b"), _pairs(count, True), _pairs(count, False)]
    pairs = pd.concat(parts, ignore_index=True)
    assert [len(titles) for titles in _titles(pairs)] == [2 * min(count, 12)] * 3


def test_those_around_the_threshold_are_shown() -> None:
    _, alike, others = _titles(pd.concat([_pairs(50, True), _pairs(50, False)]))
    assert alike[0].endswith("likeness 0.10")
    assert others[0].endswith("likeness 0.90")


def test_the_second_of_a_pair_is_drawn_in_its_orientation() -> None:
    pairs = _pairs(6, True)[5:]
    figure = draw_pairs(pairs, FILES.__getitem__)
    first, second = (axes.images[0].get_array() for axes in figure.axes if axes.images)
    assert (first == thumbnail(FILES["a/5.jpg"])).all()
    assert (second == thumbnail(FILES["a/6.jpg"], 5)).all()


def test_headings_say_what_there_is_none_of() -> None:
    figure = draw_pairs(_pairs(1, False), FILES.__getitem__)
    said = [part.get_suptitle() for part in figure.subfigs]
    assert [text.endswith(": none") for text in said] == [True, True, False]
    assert figure.get_size_inches()[1] < 6


@pytest.mark.parametrize("orientation", range(8))
def test_a_thumbnail_is_turned_as_it_was_compared(orientation: int) -> None:
    image = textured(1, (160, 160))
    made = thumbnail(encoded(image, "PNG"), orientation)
    assert made.shape == (160, 160, 3)
    red = np.asarray(image)[..., 0]
    assert np.abs(made[..., 0] - oriented(red, orientation).astype(int)).max() == 0
