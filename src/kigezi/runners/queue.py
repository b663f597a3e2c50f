"""Jobs that wait for a worker, and those that are being done."""

import logging
import signal
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import CancelledError
from typing import Any
from uuid import uuid4

from distributed import Client, Future, KilledWorker, wait
from distributed.comm import CommClosedError

from kigezi.errors import ConfigurationError
from kigezi.runners.jobs import Job
from kigezi.runners.on_worker import Project, stop, train
from kigezi.schemas import DaskParameters

_log = logging.getLogger(__name__)

Answer = dict[str, Any] | int
"""trials by the dataset's name, or how many workers ended before there were any"""

_LOOK = 5
"""seconds after which it is looked whether there are more workers"""


class JobQueue:
    """Gives each worker one job at a time, and says what becomes of it.

    Dask would give a worker several at once, and blame all of them for its end.
    """

    def __init__(
        self, client: Client, settings: DaskParameters, project: Project
    ) -> None:
        self._client = client
        self._resources = settings.resources
        self._project = project
        self._waiting: deque[Job] = deque()
        self._running: dict[Future, Job] = {}
        self._alone = False
        client.subscribe_topic(project.log_topic, _log_again)
        client.subscribe_topic("all", self._on_event)

    @property
    def empty(self) -> bool:
        """Whether no job waits or is being done."""
        return not self._waiting and not self._running

    def add(self, jobs: Sequence[Job]) -> None:
        """Have these jobs done after those that wait already."""
        self._waiting.extend(jobs)

    def done(self) -> list[tuple[Job, Answer]]:
        """Wait until at least one job is done, and take what came out.

        Raises:
            ConfigurationError: The scheduler is not there any more.
            Exception: What a job has raised.
        """
        while True:
            try:
                self._give_out()
                if not self._running:
                    time.sleep(_LOOK)
                    continue
                done = wait(list(self._running), _LOOK, "FIRST_COMPLETED").done
                return [(self._running.pop(future), _answer(future)) for future in done]
            except TimeoutError:
                continue
            except (CancelledError, CommClosedError):
                raise ConfigurationError(
                    "the Dask scheduler went away; nothing that was trained is lost: "
                    "start it and the workers again, and run the same command."
                ) from None

    def stop(self) -> None:
        """Have what is trained stop after its epoch, and wait for that."""
        self._waiting.clear()
        if not self._running or self._client.status != "running":
            return
        _log.warning(
            "The workers stop after this epoch; once more (Ctrl-C) stops now and loses "
            "it."
        )
        self._client.run(stop, self._project.log_topic, signal.SIGTERM)
        wait(list(self._running))

    def close(self) -> None:
        """Drop every job and listen no more."""
        if self._client.status == "running":
            self._client.cancel(list(self._running))
            for topic in (self._project.log_topic, "all"):
                self._client.unsubscribe_topic(topic)

    def _give_out(self) -> None:
        workers = self._count_workers()
        if not workers and not self._alone:
            needed = self._resources or "no resources"
            _log.warning("No Dask worker is there (with %s): waiting for one", needed)
        self._alone = not workers
        while self._waiting and len(self._running) < workers:
            job = self._waiting.popleft()
            future = self._client.submit(
                train,
                self._project,
                job,
                key=f"{job.name}-{uuid4().hex}",
                resources=self._resources or None,
            )
            self._running[future] = job

    def _count_workers(self) -> int:
        """Workers that offer what a training takes."""
        # `scheduler_info` sometimes answers from a cache that knows no workers.
        asked = self._client.sync(self._client.scheduler.identity, n_workers=-1)
        return sum(
            all(
                worker["resources"].get(name, 0) >= amount
                for name, amount in self._resources.items()
            )
            for worker in asked["workers"].values()
        )

    def _on_event(self, event: tuple[float, Any]) -> None:
        """Say when a worker is lost that was training."""
        _, message = event
        if not isinstance(message, dict) or message.get("action") != "remove-worker":
            return
        lost = set(map(str, message["processing-tasks"]))
        for future, job in list(self._running.items()):
            if future.key in lost and not message["expected"]:
                _log.warning(
                    "The Dask worker %s was lost: another one goes on with %s from its "
                    "last epoch",
                    *(message["worker"], job.name),
                )


def _answer(future: Future) -> Answer:
    try:
        return future.result()
    except KilledWorker as error:
        return error.allowed_failures + 1


def _log_again(event: tuple[float, dict[str, Any]]) -> None:
    """Say here what a worker said."""
    record = logging.makeLogRecord(event[1])
    logging.getLogger(record.name).handle(record)
