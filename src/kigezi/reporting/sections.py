"""The parts of the report, each from the tables and pictures that it tells of."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import yaml

from kigezi.plots import (
    plot_calibration,
    plot_confusion,
    plot_curves,
    plot_stage,
)
from kigezi.progress import duration
from kigezi.records import SPLITS, Trial
from kigezi.reporting.costs import tabulate_costs
from kigezi.reporting.errors import Mistake
from kigezi.reporting.page import Section, render_section
from kigezi.reporting.sentences import (
    flattery,
    stage_name,
    told_of_published,
    verdict,
    with_interval,
)
from kigezi.schemas import Parameters
from kigezi.statistics.measures import by_class, calibration_curve, calibration_error
from kigezi.wording import in_words

FINAL = "final"
"""The stage of the final model in the leaderboard."""


def answer(leaderboard: pd.DataFrame, final: Trial) -> Section:
    """What was found, in a few sentences."""
    stages = leaderboard[leaderboard["stage"] != FINAL]
    labels = final.predictions["label"].value_counts()
    return render_section(
        "answer",
        "What was found",
        recipe=in_words(final.result.assignment.recipe),
        protocol=final.result.assignment.protocol,
        row=leaderboard.iloc[-1],
        photographs=final.result.test.photographs,
        frequent=labels.index[0],
        guess=labels.iloc[0] / labels.sum(),
        verdicts={
            stage_name(stage): verdict(rows)
            for stage, rows in stages.groupby("stage", sort=False)
        },
    )


def data(
    ledger: pd.DataFrame,
    samples: Mapping[str, Sequence[Sequence[bytes]]],
    final: Trial,
) -> Section:
    """The photographs, how they were split, and what was made of them.

    Args:
        ledger: A row a file that was found.
        samples: Of each class some strips of JPEGs: a photograph and its copies.
        final: The study's model.
    """
    kept = ledger[ledger["status"] == "kept"]
    splits = pd.crosstab(kept["label"], kept["split"])
    splits = splits.reindex(columns=SPLITS, fill_value=0)
    rows = [
        {
            "label": label,
            "photographs": len(photographs),
            "subjects": photographs["group_id"].nunique(),
            **splits.loc[label],
        }
        for label, photographs in kept.groupby("label")
    ]
    counts = ledger["status"].value_counts()
    strips = next(iter(samples.values()))
    return render_section(
        "data",
        "The photographs",
        found=len(ledger),
        statuses=", ".join(f"{count:,} {status}" for status, count in counts.items()),
        copies=len(strips[0]) - 1,
        classes=rows,
        samples=samples,
        result=final.result,
    )


def stages(
    leaderboard: pd.DataFrame,
    classes: pd.DataFrame,
    published: pd.DataFrame,
    final: Trial,
) -> Section:
    """Every variant beside the paper's, with what the statistics say.

    Args:
        leaderboard: A row a variant.
        classes: A row a variant and class.
        published: From `kigezi.statistics.published.compare_published`.
        final: The study's model.
    """
    parts = [
        {
            "name": stage_name(stage),
            "verdict": verdict(rows),
            "flattery": flattery(rows),
            "chart": plot_stage(rows),
            "rows": _records(rows.assign(test=rows.apply(with_interval, axis=1))),
            "by_class": _records(classes[classes["stage"] == stage]),
        }
        for stage, rows in leaderboard.groupby("stage", sort=False)
        if stage != FINAL
    ]
    return render_section(
        "stages",
        "Every variant",
        stages=parts,
        published=_records(published),
        told=told_of_published(published),
        photographs=final.result.test.photographs,
        unit=final.result.assignment.protocol.unit,
        seeds=int(leaderboard["seeds"].max()),
    )


def model(final: Trial, mistakes: Sequence[Mistake]) -> Section:
    """How the final model learnt, what it confuses, and how sure it is."""
    result, predictions = final.result, final.predictions
    return render_section(
        "model",
        "The final model",
        recipe=in_words(result.assignment.recipe).capitalize(),
        trained_weights=result.trained_weights,
        curves=plot_curves(result.history, result.best_epoch, "", narrow=True),
        confusion=plot_confusion(predictions, result.classes, ""),
        by_class=_records(by_class(predictions, result.classes)),
        calibration=plot_calibration(calibration_curve(predictions)),
        calibration_error=calibration_error(predictions),
        mistakes=mistakes,
        unit=result.assignment.protocol.unit,
        wrong=int((~predictions["correct"]).sum()),
        photographs=result.test.photographs,
    )


def costs(leaderboard: pd.DataFrame, final: Trial, copies: int) -> Section:
    """What each variant costs.

    Args:
        leaderboard: A row a variant.
        final: The study's model.
        copies: Changed copies of each photograph.
    """
    images = final.result.train.photographs
    if final.result.assignment.protocol.split == "photographs":
        images *= copies + 1
    table = tabulate_costs(leaderboard[leaderboard["stage"] != FINAL], images)
    shared = leaderboard.drop_duplicates("training")["shared_seconds"].sum()
    environment = final.result.environment
    return render_section(
        "costs",
        "What it costs",
        costs=_records(table.assign(time=table["seconds"].map(duration))),
        machine=", ".join(
            environment[name]
            for name in ("processor", "devices")
            if name in environment
        ),
        shared=duration(shared) if shared else "",
    )


def origin(
    command: str,
    final: Trial,
    dataset: Mapping[str, Any],
    parameters: Parameters,
) -> Section:
    """What makes the same again.

    Args:
        command: What was typed.
        final: The study's model.
        dataset: The description of the dataset version.
        parameters: All of them, as they were used.
    """
    result = final.result
    # A variant's recipe has a field for everything, of which it sets one or two.
    plain = parameters.model_dump(mode="json", exclude_unset=True)
    facts = {
        "dataset": result.dataset,
        "plan": result.assignment.plan,
        "training of the final model": result.key,
        **result.environment,
        **{f"images: {name}": value for name, value in dataset["versions"].items()},
    }
    return render_section(
        "origin",
        "How to make it again",
        command=command,
        facts=facts,
        parameters=yaml.safe_dump(plain, sort_keys=False, allow_unicode=True),
    )


def limits(leaderboard: pd.DataFrame, final: Trial) -> Section:
    """What the figures do not say."""
    test, row = final.result.test, leaderboard.iloc[-1]
    return render_section(
        "limits",
        "What this does not say",
        photographs=test.photographs,
        unit=final.result.assignment.protocol.unit,
        width=row["test_high"] - row["test_low"],
        seeds=int(leaderboard["seeds"].max()),
    )


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return table.to_dict("records")
