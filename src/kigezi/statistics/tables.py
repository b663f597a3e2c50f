"""Tables of a stage: a row a variant, and a row a variant and class."""

from collections.abc import Sequence

import pandas as pd

from kigezi.choosing import result_row
from kigezi.records import Trial, Winner
from kigezi.statistics.judging import NOT_COMPARED, compare, judge
from kigezi.statistics.measures import by_class
from kigezi.statistics.optimism import choice_optimism


def groups_by_photograph(ledger: pd.DataFrame) -> pd.Series:
    """group_id of every kept photograph, by its photo_id."""
    return ledger[ledger["status"] == "kept"].set_index("photo_id")["group_id"]


def compare_variants(
    trials: Sequence[Trial], winner: Winner, groups: pd.Series
) -> pd.DataFrame:
    """A row a variant: its figures, how sure they are, and how it compares.

    Args:
        trials: The variants of one stage.
        winner: The stage's.
        groups: Group by photo_id: photographs of one subject have the same.

    Returns:
        Columns of `result_row`, `judge` and `compare`, and `choice_optimism`, which
        is the stage's.
    """
    rows = [
        result_row(
            trial.result, winner=trial.result.assignment.variant == winner.variant
        )
        | judge(trial, groups)
        for trial in trials
    ]
    table = pd.DataFrame(rows).join(compare(trials, winner, groups))
    return table.assign(choice_optimism=choice_optimism(trials, winner, groups))


def describe_final_model(final: Trial, groups: pd.Series) -> pd.DataFrame:
    """One row of the same columns; there is nothing to compare the model with."""
    row = result_row(final.result, winner=True) | judge(final, groups)
    return pd.DataFrame([{**row, "against_winner": NOT_COMPARED}])


def measure_classes(trials: Sequence[Trial]) -> pd.DataFrame:
    """Precision, recall and F1 of every variant and class, a row each.

    Returns:
        Columns stage, variant, label, photographs, precision, recall and f1.
    """
    tables = []
    for trial in (trial for trial in trials if len(trial.predictions)):
        table = by_class(trial.predictions, trial.result.classes)
        table.insert(0, "stage", trial.result.assignment.stage)
        table.insert(1, "variant", trial.result.assignment.variant)
        tables.append(table)
    columns = ["stage", "variant", "label", "photographs", "precision", "recall", "f1"]
    return pd.concat([pd.DataFrame(columns=columns), *tables], ignore_index=True)
