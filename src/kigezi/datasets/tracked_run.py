"""One variant's run in MLflow, from its first epoch to its model."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from kigezi.datasets.mlflow_figures import (
    complete_as,
    epoch_metrics,
    final_metrics,
    result_tags,
)
from kigezi.datasets.mlflow_models import log_model_once
from kigezi.datasets.mlflow_runs import COMPLETE, experiment, mark_orphans, write_tags
from kigezi.datasets.mlflow_server import Connection
from kigezi.datasets.mlflow_variants import OpenRun, Variant, open_variant
from kigezi.records import Epoch, Trial

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow import MlflowClient


class TrackedRun:
    """One variant's child run.

    While MLflow is away epochs are left out: they are sent with the figures, which are
    kept until it answers again.
    """

    def __init__(self, link: Connection, variant: Variant) -> None:
        self._link = link
        self._variant = variant
        self._run: OpenRun | None = None
        self._unsent: list[Epoch] = []

    def begin(self) -> None:
        """Find the run, or create it as RUNNING with its parameters."""
        self._link.attempt(self._open)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Mark run and study as killed or failed where an exception ends them."""
        if kind is not None and self._run is not None and not self._run.complete:
            status = "FAILED" if issubclass(kind, Exception) else "KILLED"
            self._link.attempt(partial(self._leave, status))

    def epoch(self, epoch: Epoch) -> None:
        """Send one epoch's figures, and those that could not be sent before."""
        self._unsent.append(epoch)
        if not self._link.attempt(self._send_epochs):
            self._run = None  # it may have been deleted: look again

    def finish(
        self, trial: Trial, plot: Callable[[], Mapping[str, "Figure"]], model: Path
    ) -> None:
        """Send everything, unless it is there already; the tag that says so comes last.

        Args:
            trial: What came out.
            plot: Draws figures by file name, if they are to be sent.
            model: The whole model as a `.keras` file.
        """
        complete = complete_as(trial.result)
        if self._run is None or self._run.complete != complete:
            send = partial(self._send, trial, plot, model, complete)
            self._link.attempt_or_keep(repr(self._variant.tags), send)

    def _open(self, client: "MlflowClient") -> OpenRun:
        prepare(self._link, client)
        self._run = open_variant(client, self._link.server, self._variant)
        self._link.studies.add(self._run.parent)
        return self._run

    def _open_for(self, client: "MlflowClient", epochs: Sequence[Epoch]) -> OpenRun:
        """The run, made anew if it shows epochs of a training that was lost since."""
        run = self._run or self._open(client)
        if any(run.logged.get(e.epoch, e.ended_at) != e.ended_at for e in epochs):
            client.delete_run(run.run_id)
            run = self._open(client)
        return run

    def _send_epochs(self, client: "MlflowClient") -> None:
        run = self._open_for(client, self._unsent)
        client.log_batch(run.run_id, metrics=epoch_metrics(self._unsent))
        self._unsent.clear()

    def _send(
        self,
        trial: Trial,
        plot: Callable[[], Mapping[str, "Figure"]],
        model: Path,
        complete: str,
        client: "MlflowClient",
    ) -> None:
        self._run = None  # it may have been deleted: look again
        run = self._open_for(client, trial.result.history)
        if run.complete == complete:
            return
        metrics = epoch_metrics(trial.result.history) + final_metrics(trial)
        client.log_batch(run.run_id, metrics=metrics)
        write_tags(client, run.run_id, result_tags(trial))
        for name, figure in plot().items():
            client.log_figure(run.run_id, figure, name)
        log_model_once(client, run.home, run.run_id, trial, model)
        if trial.result.status == "failed":
            client.set_terminated(run.run_id, "FAILED")
        else:
            client.set_terminated(run.run_id)
            client.set_tag(run.run_id, COMPLETE, complete)
        self._run = None  # nothing can interrupt it any more

    def _leave(self, status: str, client: "MlflowClient") -> None:
        for run_id in (self._run.run_id, self._run.parent):
            client.set_terminated(run_id, status)


def prepare(link: Connection, client: "MlflowClient") -> None:
    """Make the experiment, and mark what has died in it, once in a process."""
    if not link.prepared:
        mark_orphans(client, experiment(client, link.server))
        link.prepared = True
