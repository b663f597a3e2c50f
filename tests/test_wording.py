import logging

import pandas as pd
import pytest

from kigezi.learning.shortcuts import BORDER, FILE, NOTHING, WHOLE
from kigezi.wording import log_flags, log_shortcuts


def test_what_a_shortcut_means_is_said(caplog: pytest.LogCaptureFixture) -> None:
    figures = {"low": [0.97, 0.76, 0.44, 0.44], "accuracy": [0.98, 0.78, 0.47, 0.46]}
    figures |= {"high": [0.99, 0.8, 0.49, 0.48], "balanced_accuracy": [0.9] * 4}
    names = [WHOLE, BORDER, FILE, NOTHING]
    with caplog.at_level(logging.INFO):
        log_shortcuts(pd.DataFrame({"seen": names, **figures, "photographs": 2000}))
    table, border, file = caplog.messages
    assert "| border pixels alone" in table
    expected = (
        "Border pixels alone tell the class of 78 % [76, 80] (most frequent class 46 %)"
    )
    assert border.startswith(expected)
    assert "background, light or framing differ" in border
    assert file.startswith("File data alone tell no more than chance: 47 % [44, 49]")
    levels = [record.levelno for record in caplog.records]
    assert levels == [logging.INFO, logging.WARNING, logging.INFO]


def test_flags_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        log_flags({"blurred": 3, "odd_size": 0}, 1200, 0.971)
    assert "quality of 1,200 photographs: 3 blurred, 0 odd size" in caplog.text
    assert "agrees with 97.1 % of the labels" in caplog.text
