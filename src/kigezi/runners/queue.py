"""Jobs that wait for a worker, and those that are being done."""

import logging
import signal
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any
from uuid import uuid4

from distributed import Client, Future, KilledWorker, wait
from distributed.comm import CommClosedError

from kigezi.errors import ConfigurationError
from kigezi.runners.jobs import Job
from kigezi.runners.on_worker import stop, train
from kigezi.runners.project import Project
from kigezi.schemas import DaskParameters

_log = logging.getLogger(__name__)

Answer = dict[str, Any] | int
"""trials by the dataset's name, or how many workers ended before there were any"""

_LOOK = 5
"""seconds after which it is looked which workers are there"""
_MOST_LOSSES = 4
"""workers that may end while they do one job"""


class JobQueue:
    """Gives each worker one job at a time, and says what becomes of it.

    Dask alone would send several jobs to one worker, and blame all of them for its end.
    """

    def __init__(
        self, client: Client, settings: DaskParameters, project: Project
    ) -> None:
        self._client = client
        self._resources = settings.resources
        self._project = project
        self._waiting: deque[Job] = deque()
        self._running: dict[Future, tuple[Job, str]] = {}
        self._losses: Counter[str] = Counter()
        self._alone = False
        client.subscribe_topic(project.log_topic, _log_again)

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
        try:
            answers: list[tuple[Job, Answer]] = []
            while not answers:
                workers = self._workers()
                answers = self._take_back(workers)
                self._give_out(workers)
                answers += self._finished()
            return answers
        except (CancelledError, CommClosedError):
            raise ConfigurationError(
                "the Dask scheduler went away; nothing that was trained is lost: start "
                "it and the workers again, and run the same command."
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
        with suppress(CancelledError, CommClosedError):
            self._client.run(stop, self._project.log_topic, signal.SIGTERM)
            while training := self._training():
                with suppress(TimeoutError):
                    wait(training, _LOOK)

    def close(self) -> None:
        """Drop every job and listen no more."""
        if self._client.status == "running":
            self._client.cancel(list(self._running))
            self._client.unsubscribe_topic(self._project.log_topic)

    def _training(self) -> list[Future]:
        """What is still being done, by workers that are there."""
        workers = self._workers()
        return [
            future
            for future, (_, address) in self._running.items()
            if address in workers and not future.done()
        ]

    def _workers(self) -> dict[str, Any]:
        """What the scheduler knows of each worker, by address."""
        # `scheduler_info` sometimes answers from a cache that knows no workers.
        asked = self._client.sync(self._client.scheduler.identity, n_workers=-1)
        return dict(asked["workers"])

    def _take_back(self, workers: Mapping[str, Any]) -> list[tuple[Job, Answer]]:
        """Have jobs of lost workers done by others, unless they ended too many."""
        given_up: list[tuple[Job, Answer]] = []
        for future, (job, address) in list(self._running.items()):
            if address in workers:
                continue
            del self._running[future]
            future.cancel()
            self._losses[job.name] += 1
            if self._losses[job.name] == _MOST_LOSSES:
                given_up.append((job, _MOST_LOSSES))
                continue
            _log.warning(
                "The Dask worker %s was lost: another one goes on with %s from its "
                "last epoch",
                *(address, job.name),
            )
            self._waiting.appendleft(job)
        return given_up

    def _give_out(self, workers: Mapping[str, Any]) -> None:
        """Send a job to each worker that has none and offers what it takes."""
        fit = [address for address, worker in workers.items() if self._fits(worker)]
        if not fit and not self._alone:
            needed = self._resources or "no resources"
            _log.warning("No Dask worker is there (with %s): waiting for one", needed)
        self._alone = not fit
        busy = {address for _, address in self._running.values()}
        for address in fit:
            if self._waiting and address not in busy:
                job = self._waiting.popleft()
                future = self._client.submit(
                    train,
                    self._project,
                    job,
                    key=f"{job.name}-{uuid4().hex}",
                    workers=[address],
                    resources=self._resources or None,
                )
                self._running[future] = (job, address)

    def _fits(self, worker: Mapping[str, Any]) -> bool:
        offered = worker["resources"]
        return worker["status"] == "running" and all(
            offered.get(name, 0) >= amount for name, amount in self._resources.items()
        )

    def _finished(self) -> list[tuple[Job, Answer]]:
        """What came out of jobs meanwhile; after some seconds nothing."""
        if not self._running:
            time.sleep(_LOOK)
            return []
        try:
            done = wait(list(self._running), _LOOK, "FIRST_COMPLETED").done
        except TimeoutError:
            return []
        answers = {future: _answer(future) for future in done}
        return [
            (self._running.pop(future)[0], answer)
            for future, answer in answers.items()
            if answer is not None
        ]


def _answer(future: Future) -> Answer | None:
    """The trials, or nothing where a worker was lost before it handed them on."""
    failed = future.status == "error"
    try:
        return future.result(timeout=None if failed else _LOOK)
    except KilledWorker as error:
        return error.allowed_failures + 1
    except TimeoutError:
        if failed:
            raise
        return None


def _log_again(event: tuple[float, dict[str, Any]]) -> None:
    """Say here what a worker said."""
    record = logging.makeLogRecord(event[1])
    logging.getLogger(record.name).handle(record)
