"""The study in MLflow: one parent run, and a child run for each stage and variant.

What is tracked is a copy of what the project keeps on disk. So a tracking server that
is away never stops a training: the next run that finds it there sends what is missing.
Runs are found again by tags and counted as complete by a tag of ours that is written
last, for an MLflow status proves nothing: an interrupted run may be called FINISHED.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Never

from kedro.io import AbstractDataset, DatasetError

from kigezi.datasets.exported import Exported
from kigezi.datasets.mlflow_registry import register
from kigezi.datasets.mlflow_report import Report, log_report
from kigezi.datasets.mlflow_server import Server, connection, connections
from kigezi.datasets.mlflow_variants import Variant, end_idle, finish_study
from kigezi.datasets.tracked_run import TrackedRun, prepare
from kigezi.records import Assignment, TrialResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Tracking:
    """The study's runs."""

    def __init__(self, server: Server, study: str) -> None:
        self._server = server
        self._study = study

    def prepare(self) -> None:
        """Make database and experiment, before several processes use them at once."""
        link = connection(self._server)
        link.attempt(partial(prepare, link))

    def begin(self, assignment: Assignment, dataset: str, key: str) -> TrackedRun:
        """A variant's run, made now so that it is seen while it trains.

        Args:
            assignment: The variant.
            dataset: Digest of the dataset version.
            key: Key of the training, which is a run of its own if it changes.
        """
        variant = Variant(self._study, assignment, dataset, key)
        run = TrackedRun(connection(self._server), variant)
        run.begin()
        return run

    def finish_study(self, assignment: Assignment, dataset: str) -> None:
        """Mark the parent run as finished, unless it is already."""
        variant = Variant(self._study, assignment, dataset, "")
        connection(self._server).attempt(partial(finish_study, self._server, variant))

    def keep_report(
        self,
        final: TrialResult,
        texts: Mapping[str, str],
        draw: Callable[[], Mapping[str, "Figure"]],
        note: str,
    ) -> None:
        """Keep the study's report with its parent run, unless it is there already.

        Args:
            final: The final model.
            texts: Texts by file name.
            draw: Draws figures by file name, if they are to be sent.
            note: Markdown that MLflow shows on the run's page.
        """
        variant = Variant(self._study, final.assignment, final.dataset, "")
        report = Report(texts, draw, note)
        send = partial(log_report, self._server, variant, final, report)
        connection(self._server).attempt_or_keep(f"report {variant.study}", send)

    def register(self, exported: Exported, final: TrialResult, example: bytes) -> None:
        """Register the exported model, unless it is registered already.

        Args:
            exported: The files.
            final: The final model.
            example: The bytes of a photograph, which the registry shows how to send.
        """
        variant = Variant(self._study, final.assignment, final.dataset, "")
        send = partial(register, self._server, variant, exported, example)
        connection(self._server).attempt_or_keep(f"model {variant.study}", send)


def close_tracking() -> None:
    """Send what MLflow has missed, where a run of pipelines has come to its end."""
    for link in connections():
        link.close()
        for study in link.studies:
            link.attempt(partial(end_idle, link.server, study))
        link.studies.clear()


class TrackingDataset(AbstractDataset[Never, Tracking]):
    """Loads as the study's tracking; the server's address comes from mlflow.yml."""

    server: Callable[[], Server]
    """set by the project's hook, which reads mlflow.yml"""

    def __init__(self, *, study: str, metadata: dict[str, Any] | None = None) -> None:
        self._study = study
        self.metadata = metadata

    def load(self) -> Tracking:
        """The study's tracking; nothing is sent before a variant begins."""
        return Tracking(type(self).server(), self._study)

    def save(self, data: Never) -> None:
        """Nothing is saved whole."""
        raise DatasetError("runs are logged through the tracking that load() gives")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"study": self._study}
