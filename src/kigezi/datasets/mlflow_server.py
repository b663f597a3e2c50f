"""The way to MLflow, and what happens while it is away: training never waits for it.

MLflow is imported only when it is needed.
"""

import logging
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kigezi.datasets.mlflow_client import connect, is_refusal
from kigezi.faults import causes

if TYPE_CHECKING:
    from mlflow import MlflowClient

Task = Callable[["MlflowClient"], object]

_log = logging.getLogger(__name__)

_PAUSE = 60.0
"""seconds without any attempt after one that failed"""

_SHARE = 10
"""The pause is so many times as long as the attempt, which waits for a time-out."""


@dataclass(frozen=True)
class Server:
    """Where runs are logged, as mlflow.yml says."""

    uri: str
    experiment: str
    artifact_location: str | None

    @property
    def address(self) -> str:
        """The URI without user and password."""
        return re.sub("//[^/@]*@", "//", self.uri)


class Connection:
    """A server as this process sees it, with what it missed and is to be sent."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.studies: set[str] = set()
        """ids of the parent runs that this process works for"""
        self.prepared = False
        """whether the experiment is there, and nothing seems to run that has died"""
        self._missed: dict[str, Task] = {}
        self._silent_until = 0.0
        self._reason = ""

    def attempt(self, task: Task) -> bool:
        """Do something, and send what was missed, unless the server was just away.

        Returns:
            Whether it was done.
        """
        if time.monotonic() < self._silent_until or not self._try(task):
            return False
        self._send_missed()
        return True

    def attempt_or_keep(self, identity: str, task: Task) -> None:
        """Send a variant's results now or later, instead of any kept before.

        Args:
            identity: What tells the variant from others.
            task: Sends them.
        """
        if not self.attempt(task):
            self._missed[identity] = task

    def close(self) -> None:
        """Try once more to send what was missed, and say what still is."""
        self._send_missed()
        if missed := len(self._missed):
            _log.warning(
                "MLflow at %s could not be sent the results of %s (%s). They are safe: "
                "the same command, run again, sends them and trains nothing again.",
                self.server.address,
                "1 variant" if missed == 1 else f"{missed} variants",
                self._reason,
            )

    def _send_missed(self) -> None:
        for name, task in list(self._missed.items()):
            if self._try(task):
                del self._missed[name]
            elif time.monotonic() < self._silent_until:
                return
        if self._reason and not self._missed:
            _log.info(
                "MLflow at %s answers again; nothing is missing.", self.server.address
            )
            self._reason = ""

    def _try(self, task: Task) -> bool:
        started = time.monotonic()
        self._silent_until = 0.0
        try:
            self._do(task)
        except Exception as error:  # stores of artifacts raise what they like
            ended = time.monotonic()
            if not is_refusal(error):
                pause = max(_PAUSE, _SHARE * (ended - started))
                self._silent_until = ended + pause
            self._warn(error)
            return False
        return True

    def _do(self, task: Task) -> None:
        client = connect(self.server.uri)
        try:
            task(client)
        except Exception as error:
            if not is_refusal(error):
                raise
            # MLflow refuses one of two that write the same at once: the dataset, say.
            time.sleep(random.uniform(0.1, 0.5))  # noqa: S311
            task(client)

    def _warn(self, error: Exception) -> None:
        # The first cause is short: what is around it repeats the address three times.
        *_, first = causes(error)
        known, self._reason = self._reason, " ".join(str(first).split())[:200]
        if not known:
            _log.warning(
                "MLflow at %s did not take this (%s). Training goes on; what is "
                "missing is sent when MLflow answers again, or by the same command.",
                self.server.address,
                self._reason,
            )


_connections: dict[Server, Connection] = {}


def connection(server: Server) -> Connection:
    """This process's only connection to a server, which remembers what it missed."""
    return _connections.setdefault(server, Connection(server))


def connections() -> list[Connection]:
    """Every connection that was made."""
    return list(_connections.values())
