import io
import math

import numpy as np
from PIL import Image

from kigezi.reporting.errors import MOST, lay_over, most_confident
from tests.answers import make_answers


def test_the_surest_errors_come_first() -> None:
    answers = make_answers([False] * 20 + [True] * 5)
    answers["probability_dark"] = np.linspace(0.5, 0.99, 25)
    answers["probability_light"] = 1 - answers["probability_dark"]
    worst = most_confident(answers)
    assert len(worst) == MOST
    assert worst["photo_id"].iloc[0] == "p19"
    assert worst["confidence"].is_monotonic_decreasing


def test_no_errors_and_no_answers() -> None:
    assert most_confident(make_answers([True] * 3)).empty
    assert most_confident(make_answers([False] * 3, math.nan)).empty


def test_bright_is_what_speaks_for_the_answer() -> None:
    speaks = np.zeros((32, 32), np.float32)
    speaks[:16] = 1
    data = lay_over(np.full((32, 32, 3), 100, np.uint8), speaks)
    pixels = np.asarray(Image.open(io.BytesIO(data)), int)
    assert pixels.shape == (32, 32, 3)
    assert pixels[:12].mean() > pixels[20:].mean() + 60
