"""Trials whose answers are given photograph by photograph."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kigezi.choosing import choose
from kigezi.pipelines.report.nodes import build_leaderboard
from kigezi.records import Figures, Trial
from kigezi.statistics.tables import compare_variants, describe_final_model
from tests.conftest import make_result


def make_answers(correct: Sequence[bool], confidence: float = 0.8) -> pd.DataFrame:
    """Predictions of two classes in turns, right or wrong as told."""
    right = np.array(correct, bool)
    labels = np.arange(len(right)) % 2
    answers = np.where(right, labels, 1 - labels)
    names = np.array(["dark", "light"])
    return pd.DataFrame(
        {
            "photo_id": [f"p{number}" for number in range(len(right))],
            "copy": 0,
            "label": names[labels],
            "predicted": names[answers],
            "correct": right,
            "probability_dark": np.where(answers == 0, confidence, 1 - confidence),
            "probability_light": np.where(answers == 1, confidence, 1 - confidence),
        }
    )


def answered(variant: str, correct: Sequence[bool], **changes: Any) -> Trial:
    """A variant with these answers, whose validation accuracy is the same."""
    accuracy = float(np.mean(correct))
    result = make_result(variant, accuracy, **changes)
    figures = Figures(accuracy=accuracy, loss=0.5, photographs=len(correct))
    result = result.model_copy(update={"test": figures, "validation": figures})
    return Trial(result, make_answers(correct))


def as_final(trial: Trial) -> Trial:
    """The same as the study's final model."""
    names = {"stage": "final", "variant": "final_model"}
    assignment = trial.result.assignment.model_copy(update=names)
    result = trial.result.model_copy(update={"assignment": assignment})
    return Trial(result, trial.predictions)


def make_ledger(photographs: int) -> pd.DataFrame:
    """Kept photographs of two classes in turns, all for test, and one that is not."""
    rows = [
        {
            "path": f"{('dark', 'light')[number % 2]}/{number}.jpg",
            "photo_id": f"p{number}",
            "group_id": f"p{number}",
            "label": ("dark", "light")[number % 2],
            "split": "test",
            "status": "kept",
        }
        for number in range(photographs)
    ]
    return pd.DataFrame([*rows, {"path": "notes.txt", "status": "ignored"}])


def make_leaderboard(*trials: Trial) -> pd.DataFrame:
    """The leaderboard of one stage of these variants, whose winner is the model."""
    winner = choose([trial.result for trial in trials])
    best = {t.result.assignment.variant: t for t in trials}[winner.variant]
    groups = alone(len(best.predictions))
    comparison = compare_variants(trials, winner, groups)
    final = describe_final_model(as_final(best), groups)
    return build_leaderboard({"freeze": {"a": {"test": 85}}}, comparison, final)


def alone(count: int) -> pd.Series:
    """Photographs of as many subjects."""
    names = [f"p{number}" for number in range(count)]
    return pd.Series(names, index=names)


def in_groups(count: int, size: int) -> pd.Series:
    """As many photographs, of which each `size` in turn show one subject."""
    names = [f"p{number}" for number in range(count)]
    return pd.Series([f"g{number // size}" for number in range(count)], index=names)
