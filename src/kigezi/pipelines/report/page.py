"""Nodes of the report pipeline that write its page and keep it in MLflow."""

import logging
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from kigezi.pipelines.report.pictures import draw_final_model, draw_study
from kigezi.records import Trial
from kigezi.reporting import sections
from kigezi.reporting.page import Section, render_page
from kigezi.schemas import AugmentParameters, Parameters
from kigezi.stores import AugmentedVersions, Tracking

_log = logging.getLogger(__name__)


def describe_study(
    leaderboard: pd.DataFrame,
    by_class: pd.DataFrame,
    published: pd.DataFrame,
    final: Trial,
    augment: AugmentParameters,
) -> list[Section]:
    """What the report says of the variants: found, compared, what they cost."""
    return [
        sections.answer(leaderboard, final),
        sections.stages(leaderboard, by_class, published, final),
        sections.costs(leaderboard, final, augment.copies),
        sections.limits(leaderboard, final),
    ]


def write_report(
    study: list[Section], photographs: Section, model: Section, origin: Section
) -> str:
    """The whole report as one HTML page."""
    found, stages, costs, limits = study
    parts = [found, photographs, stages, model, costs, origin, limits]
    _log.info(
        "The report stands in data/08_reporting/report.html: open it in a browser"
    )
    return render_page("Which variant won, and how sure is that?", parts)


def describe_origin(
    command: str, final: Trial, augmented: AugmentedVersions, parameters: dict[str, Any]
) -> Section:
    """What the report says of how to make the same again."""
    dataset = augmented.version(final.result.dataset).description
    # Kedro has made models of those that the other nodes of a run take.
    used = Parameters.model_validate(parameters)
    return sections.origin(command, final, dataset, used)


def track_report(
    page: str,
    leaderboard: pd.DataFrame,
    leaderboard_page: str,
    final: Trial,
    tracking: Tracking,
) -> None:
    """Keep report, leaderboard and charts with the study's run in MLflow."""

    def draw() -> dict[str, Figure]:
        names = ("learning_curves.png", "confusion_matrix.png", "calibration.png")
        charts = dict(zip(names, draw_final_model(final), strict=True))
        return {"study.png": draw_study(leaderboard, final), **charts}

    texts = {
        "report.html": page,
        "leaderboard.csv": leaderboard.to_csv(index=False),
        "leaderboard.md": leaderboard_page,
    }
    tracking.keep_report(final.result, texts, draw, leaderboard_page)
