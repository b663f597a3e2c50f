"""Wiring of the report pipeline."""

from kedro.pipeline import Pipeline, node, pipeline

from kigezi.pipelines.report.nodes import (
    build_leaderboard,
    gather_classes,
    list_predictions,
    write_leaderboard,
)
from kigezi.pipelines.report.page import (
    describe_origin,
    describe_study,
    track_report,
    write_report,
)
from kigezi.pipelines.report.pictures import (
    draw_final_model,
    draw_study,
    explain_errors,
    pick_samples,
)
from kigezi.pipelines.tune.pipeline import TABLES
from kigezi.plan import Plan, read_plan
from kigezi.reporting.sections import data, model
from kigezi.statistics.published import compare_published

FINAL = "tune.final.final_model.trial"
STORES = ["augmented", "trainings", "model_inputs", "tracking"]
OUTPUTS = {
    *("leaderboard", "leaderboard_page", "by_class", "predictions"),
    *("published_differences", "study_chart", "learning_curves"),
    *("confusion_matrix", "calibration_chart", "report_page"),
}


def create_pipeline(plan: Plan | None = None) -> Pipeline:
    """The report on the stages of a plan, or of the configured one."""
    plan = plan or read_plan()
    stages = [f"tune.{stage}" for stage in (*plan.stages, "final")]
    tables = [f"{stage}.{name}" for stage in stages for name in TABLES]
    return pipeline(
        _create_tables(stages) + _create_pictures() + _create_page(),
        namespace="report",
        inputs={"paper", "command", "ledger", FINAL, *STORES, *tables},
        outputs=OUTPUTS,
        parameters={"params:augment"},
    )


def _create_tables(stages: list[str]) -> Pipeline:
    return pipeline(
        [
            node(
                build_leaderboard,
                ["paper", *(f"{stage}.comparison" for stage in stages)],
                "leaderboard",
                name="build_leaderboard",
            ),
            node(
                gather_classes,
                [f"{stage}.by_class" for stage in stages],
                "by_class",
                name="gather_classes",
            ),
            node(
                write_leaderboard,
                ["leaderboard", FINAL],
                "leaderboard_page",
                name="write_leaderboard",
            ),
            node(
                list_predictions,
                [FINAL, "ledger"],
                "predictions",
                name="list_predictions",
            ),
            node(
                compare_published,
                "paper",
                "published_differences",
                name="compare_published",
            ),
        ]
    )


def _create_pictures() -> Pipeline:
    return pipeline(
        [
            node(draw_study, ["leaderboard", FINAL], "study_chart", name="draw_study"),
            node(
                draw_final_model,
                FINAL,
                ["learning_curves", "confusion_matrix", "calibration_chart"],
                name="draw_final_model",
            ),
            node(
                pick_samples,
                [FINAL, "augmented"],
                "samples",
                name="pick_samples",
            ),
            node(
                explain_errors,
                [FINAL, "predictions", "augmented", "trainings", "model_inputs"],
                "mistakes",
                name="explain_errors",
            ),
        ]
    )


def _create_page() -> Pipeline:
    return pipeline(
        [
            node(
                describe_study,
                [
                    "leaderboard",
                    "by_class",
                    "published_differences",
                    FINAL,
                    "params:augment",
                ],
                "study",
                name="describe_study",
            ),
            node(
                data,
                ["ledger", "samples", FINAL],
                "photographs",
                name="describe_photographs",
            ),
            node(
                model,
                [FINAL, "mistakes"],
                "model",
                name="describe_model",
            ),
            node(
                describe_origin,
                ["command", FINAL, "augmented", "parameters"],
                "origin",
                name="describe_origin",
            ),
            node(
                write_report,
                [
                    "study",
                    "photographs",
                    "model",
                    "origin",
                ],
                "report_page",
                name="write_report",
            ),
            node(
                track_report,
                ["report_page", "leaderboard", "leaderboard_page", FINAL, "tracking"],
                None,
                name="track_report",
            ),
        ]
    )
