"""The report in MLflow, with the study's run. It is imported only when needed."""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from kigezi.datasets.mlflow_figures import summary_metrics
from kigezi.datasets.mlflow_runs import experiment, write_tags
from kigezi.datasets.mlflow_server import Server
from kigezi.datasets.mlflow_variants import Variant, open_study
from kigezi.records import TrialResult

if TYPE_CHECKING:
    from mlflow import MlflowClient

Report = Mapping[str, str | Figure]
"""Texts and figures by file name."""

_SHOWN = "kigezi.report"
_NOTE = "mlflow.note.content"
_LONGEST_NOTE = 8000
"""characters that MLflow keeps of a tag"""


def log_report(
    server: Server,
    variant: Variant,
    final: TrialResult,
    report: Report,
    note: str,
    client: "MlflowClient",
) -> None:
    """Put the report and the final model's figures on the study's run.

    A tag that says which report this is comes last, so that it is sent once.

    Args:
        server: Where the study is tracked.
        variant: Any of the study.
        final: The final model.
        report: What is kept.
        note: Markdown for the run's page.
        client: The server's.
    """
    run = open_study(client, experiment(client, server), variant)
    run_id, shown = run.info.run_id, _digest(report)
    if run.data.tags.get(_SHOWN) == shown:
        return
    client.log_batch(run_id, metrics=summary_metrics(final))
    for name, content in report.items():
        if isinstance(content, Figure):
            client.log_figure(run_id, content, name)
        else:
            client.log_text(run_id, content, name)
    write_tags(client, run_id, {_NOTE: note[:_LONGEST_NOTE], _SHOWN: shown})


def _digest(report: Report) -> str:
    """Digest of the texts, from which the figures are drawn as well."""
    texts = [content for content in report.values() if isinstance(content, str)]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
