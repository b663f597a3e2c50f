"""Wiring of the report pipeline."""

from kedro.pipeline import Pipeline, node, pipeline

from kigezi.pipelines.report.nodes import (
    build_leaderboard,
    draw_final_model,
    draw_study,
    write_leaderboard,
)
from kigezi.plan import Plan, read_plan

FINAL = "tune.final.final_model.trial"


def create_pipeline(plan: Plan | None = None) -> Pipeline:
    """The report on the stages of a plan, or of the configured one."""
    plan = plan or read_plan()
    comparisons = [f"tune.{stage}.comparison" for stage in plan.stages]
    return pipeline(
        [
            node(
                build_leaderboard,
                ["paper", FINAL, *comparisons],
                "leaderboard",
                name="build_leaderboard",
            ),
            node(
                write_leaderboard,
                ["leaderboard", FINAL],
                "leaderboard_page",
                name="write_leaderboard",
            ),
            node(draw_study, ["leaderboard", FINAL], "study_chart", name="draw_study"),
            node(
                draw_final_model,
                FINAL,
                ["learning_curves", "confusion_matrix"],
                name="draw_final_model",
            ),
        ]
    )
