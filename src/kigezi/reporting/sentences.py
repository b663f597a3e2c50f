"""What the figures say, in words that do not say more than the figures do."""

import math
from collections.abc import Iterable

import pandas as pd

from kigezi.reporting.page import percent
from kigezi.statistics.judging import HIGHER, LOWER, SAME, UNTOLD


def stage_name(stage: str) -> str:
    """`learning_rate` as `learning rate`."""
    return stage.replace("_", " ")


def listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, or `a, b and c`."""
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


def with_interval(row: pd.Series) -> str:
    """Test accuracy with its 95 % interval, in percent."""
    if math.isnan(row["test_accuracy"]):
        return ""
    low, high = percent(row["test_low"]), percent(row["test_high"])
    return f"{percent(row['test_accuracy'])} [{low}, {high}]"


def verdict(rows: pd.DataFrame) -> str:
    """Who won a stage, and which variants the test photographs tell from the winner.

    Args:
        rows: The leaderboard's rows of one stage.
    """
    winners = rows[rows["winner"]]
    if winners.empty:
        return (
            "No variant was better than always answering the most frequent class, so "
            "the recipe that the stage began with was carried on."
        )
    winner = winners.iloc[0]
    parts = [
        f"{winner['variant']} won, with "
        f"{percent(winner[winner['chosen_on'] + '_accuracy'])} % on "
        f"{winner['chosen_on']}."
    ]
    for kind, words in (
        (LOWER, "On the test photographs {} {} lower than the winner"),
        (HIGHER, "On the test photographs {} {} higher than the winner"),
        (UNTOLD, "{} cannot be told from it on the test photographs"),
        (SAME, "{} {} the very same training"),
    ):
        names = list(rows.loc[rows["against_winner"] == kind, "variant"])
        if names:
            verb = "is" if len(names) == 1 else "are"
            parts.append(words.format(listed(names), verb) + ".")
    return " ".join(parts)


def told_of_published(published: pd.DataFrame) -> str:
    """How many of the paper's differences are more than the draw of photographs.

    Args:
        published: From `kigezi.statistics.published.compare_published`.
    """
    parts = []
    for size, rows in published.groupby("test_size"):
        always = int((rows["told_apart"] == "always").sum())
        never = int((rows["told_apart"] == "never").sum())
        parts.append(
            f"With {size:,} in the test set, {always} of {len(rows)} differences from "
            "the best of a stage are more than its draw explains, whoever was right "
            f"where, and {never} could never be told."
        )
    return " ".join(parts)


def flattery(rows: pd.DataFrame) -> str:
    """By how much choosing the best flatters it, or nothing where it does not.

    Args:
        rows: The leaderboard's rows of one stage.
    """
    optimism = rows["choice_optimism"].iloc[0]
    if not optimism >= 0.0005:
        return ""
    chosen_on = rows["chosen_on"].iloc[0]
    fresh = " The test photographs had no part in the choice."
    return (
        f"The best of several looks better than it is where it was chosen: here by "
        f"about {100 * optimism:.1f} points of {chosen_on} accuracy."
        f"{fresh if chosen_on == 'validation' else ''}"
    )
