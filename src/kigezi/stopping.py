"""Stop a run at a good moment when Ctrl-C is pressed or the system asks for it.

The first signal waits for the end of what must not be lost, as for an epoch that took
minutes; the second one does not. Everything that is stored survives either, and worse.
"""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_log = logging.getLogger(__name__)

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(KeyboardInterrupt):
    """A signal asked for the end of the run.

    It is no `Exception`, so that no handler of errors takes it for one.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.exit_status = 128 + number
        """what a shell expects of a program that a signal ended"""


class _Request:
    """What a signal asked for, and whether something is to be finished first."""

    finishing: str = ""
    number: int | None = None


_request = _Request()


@contextmanager
def stoppable() -> Iterator[None]:
    """Turn signals into `Stopped` while the block runs.

    In a thread, where Python takes no signals, only `ask_to_stop` stops it.
    """
    _request.number = None
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _on_signal) for number in SIGNALS}
    try:
        yield
    finally:
        _request.number = None
        for number, handler in before.items():
            signal.signal(number, handler)


def ask_to_stop(number: int) -> None:
    """Stop what runs in a thread at the end of what it finishes, as a signal would."""
    _request.number = number


@contextmanager
def finishing(what: str) -> Iterator[None]:
    """Let the first signal wait until the end of the block.

    Args:
        what: What is finished, for people: `this epoch`.

    Raises:
        Stopped: A signal has come meanwhile.
    """
    _request.finishing = what
    try:
        yield
    finally:
        _request.finishing = ""
    if _request.number is not None:
        raise Stopped(_request.number)


def _on_signal(number: int, frame: FrameType | None) -> None:
    again = _request.number is not None
    # It stays there: Python drops what is raised in a callback of its garbage
    # collector, as JAX has one, and then the next moment has to stop the run.
    _request.number = number
    if again or not _request.finishing:
        raise Stopped(number)
    _log.warning(
        "Stopping after %s; once more (Ctrl-C) stops now and loses it.",
        _request.finishing,
    )
