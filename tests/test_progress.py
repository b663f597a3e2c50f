import logging

import pytest

from kigezi.progress import duration, progress


def test_lines_say_how_far_and_how_long(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 100, 6))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    caplog.set_level(logging.INFO)
    assert list(progress("abcd", 4, "augment: photographs")) == list("abcd")
    assert caplog.messages == [
        "augment: 2 of 4 photographs (50 %), about 12 s left",
        "augment: 4 photographs in 30 s",
    ]


def test_nothing_to_do_is_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert list(progress([], 0, "files")) == []
    assert caplog.messages == ["0 files in 0 s"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (89, "89 s"), (100, "2 min"), (3600, "60 min"), (7500, "2 h 5 min")],
)
def test_duration(seconds: float, said: str) -> None:
    assert duration(seconds) == said
