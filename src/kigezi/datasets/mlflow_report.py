"""The report in MLflow, with the study's run. It is imported only when needed."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kigezi.datasets.mlflow_figures import summary_metrics
from kigezi.datasets.mlflow_runs import experiment, write_tags
from kigezi.datasets.mlflow_server import Server
from kigezi.datasets.mlflow_variants import Variant, open_study
from kigezi.records import TrialResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from mlflow import MlflowClient

_SHOWN = "kigezi.report"
_NOTE = "mlflow.note.content"
_LONGEST_NOTE = 8000
"""characters that MLflow keeps of a tag"""


@dataclass(frozen=True)
class Report:
    """What is kept with a study's run."""

    texts: Mapping[str, str]
    """by file name; figures are drawn from the same results"""
    draw: "Callable[[], Mapping[str, Figure]]"
    """draws figures by file name"""
    note: str
    """Markdown for the run's page"""

    @property
    def digest(self) -> str:
        """What tells this report from others."""
        return hashlib.sha256("\0".join(self.texts.values()).encode()).hexdigest()


def log_report(
    server: Server,
    variant: Variant,
    final: TrialResult,
    report: Report,
    client: "MlflowClient",
) -> None:
    """Put the report and the final model's figures on the study's run.

    A tag that says which report this is comes last, so that it is sent once.

    Args:
        server: Where the study is tracked.
        variant: Any of the study.
        final: The final model.
        report: What is kept.
        client: The server's.
    """
    run = open_study(client, experiment(client, server), variant)
    run_id = run.info.run_id
    if run.data.tags.get(_SHOWN) == report.digest:
        return
    client.log_batch(run_id, metrics=summary_metrics(final))
    for name, text in report.texts.items():
        client.log_text(run_id, text, name)
    for name, figure in report.draw().items():
        client.log_figure(run_id, figure, name)
    tags = {_NOTE: report.note[:_LONGEST_NOTE], _SHOWN: report.digest}
    write_tags(client, run_id, tags)
