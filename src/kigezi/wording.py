"""What a run says of the study while it goes on: one line an event."""

import logging
from collections.abc import Mapping, Sequence

import pandas as pd

from kigezi.learning.budgets import is_over
from kigezi.learning.shortcuts import MEANINGS, NOTHING
from kigezi.progress import duration
from kigezi.records import SPLITS, Assignment, Epoch, TrialResult, Winner
from kigezi.schemas import Recipe
from kigezi.statistics.judging import HIGHER, LOWER, SAME, UNTOLD

_WORTH_SAYING = 0.05
"""points of accuracy that are not 0.0 when they are printed"""

_log = logging.getLogger(__name__)


def log_estimate(trainings: int, images: int, seconds: float, patience: int) -> None:
    """How long the study takes at most, in seconds."""
    _log.info(
        "Time: %d trainings on %s images take at most about %s here; early stopping "
        "(patience %d) usually ends them sooner, and what is trained already is not "
        "trained again.",
        trainings,
        f"{images:,}",
        duration(seconds),
        patience,
    )


def log_begin(assignment: Assignment, done: Sequence[Epoch], changes: str) -> None:
    """Why a variant is trained, or that it goes on.

    Args:
        done: Epochs that are there already.
        changes: What differs from when a variant of this name was trained before.
    """
    if is_over(done, assignment.recipe):
        what = "is trained already, and is measured"
    elif done:
        what = f"goes on after epoch {len(done)}"
    elif changes:
        what = f"is trained anew, for this changed: {changes}"
    else:
        what = "is trained"
    _log.info("%s %s", assignment.name, what)


def log_epoch(assignment: Assignment, epoch: Epoch, seconds_left: float) -> None:
    """How a training goes on, and how long it may still take, in seconds."""
    _log.info(
        "%s: epoch %d of %d, validation accuracy %.1f %%, loss %.3f, %.1f s an epoch, "
        "at most %s left",
        assignment.name,
        epoch.epoch,
        assignment.recipe.epochs,
        100 * epoch.validation_accuracy,
        epoch.validation_loss,
        epoch.seconds,
        duration(seconds_left),
    )


def log_trial(result: TrialResult, *, trained_now: bool) -> None:
    """How a variant ended."""
    if result.status == "failed":
        _log.warning("%s %s", result.assignment.name, result.summary)
        return
    _log.info(
        "%s: %s, %s weights trained%s; train %.1f %%, validation %.1f %%, test %.1f %%",
        result.assignment.name,
        result.summary,
        f"{result.trained_weights:,}",
        "" if trained_now else " (found, not trained again)",
        *(100 * getattr(result, split).accuracy for split in SPLITS),
    )


def log_repeats(result: TrialResult) -> None:
    """What the seeds of a variant have in common."""
    figures = (
        f"{split} {100 * result.mean(split).accuracy:.1f} "
        f"+- {100 * result.spread(split):.1f} %"
        for split in SPLITS
    )
    _log.info(
        "%s/%s: mean of %d seeds and standard deviation: %s",
        result.assignment.stage,
        result.assignment.variant,
        len(result.repeats),
        ", ".join(figures),
    )


def log_winner(winner: Winner, any_result: TrialResult) -> None:
    """Which variant a stage keeps, and by how much it leads."""
    if winner.variant is None or winner.result is None:
        _log.warning(
            "Stage %s: no variant is better than always guessing the most frequent "
            "class (%.1f %%); its base is carried on.",
            winner.stage,
            100 * any_result.majority,
        )
        return
    chosen_on = winner.result.assignment.protocol.choose_on
    lead = ""
    if winner.margin is not None and winner.standard_error:
        lead = (
            f", {100 * winner.margin:.1f} points or "
            f"{winner.margin / winner.standard_error:.1f} standard errors above "
            f"{winner.runner_up}"
        )
    _log.info(
        "Stage %s: winner %s with %s accuracy %.1f %%%s",
        winner.stage,
        winner.variant,
        chosen_on,
        100 * winner.result.mean(chosen_on).accuracy,
        lead,
    )


def log_doubt(winner: Winner, table: pd.DataFrame) -> None:
    """Which variants of a stage cannot be told from its winner, and how it flatters.

    Args:
        table: As `kigezi.statistics.tables.compare_variants` makes it.
    """
    if winner.variant is None:
        return
    untold = table.loc[table["against_winner"] == UNTOLD, "variant"]
    flatters = 100 * table["choice_optimism"].iloc[0]
    if len(untold):
        _log.info(
            "Stage %s: on the test photographs %s cannot be told from the winner "
            "(which does not mean that they are equal)",
            winner.stage,
            ", ".join(untold),
        )
    if flatters >= _WORTH_SAYING:
        _log.info(
            "Stage %s: the best of several looks better than it is, by some %.1f "
            "points of %s accuracy here",
            winner.stage,
            flatters,
            table["chosen_on"].iloc[0],
        )


def log_search(table: pd.DataFrame, optimism: float) -> None:
    """The best of a search against what the stages found.

    Args:
        table: As `compare_with_stages` makes it, with a winner.
        optimism: By how much the best flatters itself, a fraction.
    """
    best, stages = table[table["winner"]].iloc[0], table.iloc[-1]
    on = best["chosen_on"]
    lead = best[f"{on}_accuracy"] - stages[f"{on}_accuracy"]
    told = {
        SAME: "they are the very same training",
        UNTOLD: "they cannot be told apart",
        LOWER: "the stages' is lower",
        HIGHER: "the stages' is higher",
    }[stages["against_winner"]]
    if stages["against_winner"] != SAME:
        told += f" (McNemar's p = {stages['p_value']:.3f})"
    _log.info(
        "search: the best of %d recipes (unfreeze %s, learning rate %.2g) has %s "
        "accuracy %.1f %%, %+.1f points against the stages' final model; on test "
        "%.1f %% and %.1f %%: %s",
        *(len(table) - 1, best["unfreeze"], best["learning_rate"], on),
        *(100 * best[f"{on}_accuracy"], 100 * lead),
        *(100 * best["test_accuracy"], 100 * stages["test_accuracy"], told),
    )
    _log.info(
        "search: the best of so many looks better than it is, by some %.1f points of "
        "%s accuracy here",
        100 * optimism,
        on,
    )


def in_words(recipe: Recipe) -> str:
    """The recipe as a person would say it."""
    return (
        f"unfreeze {recipe.unfreeze}, learning rate {recipe.learning_rate:g}, batch "
        f"size {recipe.batch_size}, {recipe.optimizer}, {recipe.epochs} epochs at most"
    )


def log_flags(counts: Mapping[str, int], photographs: int, accuracy: float) -> None:
    """How many photographs are flagged, by kind of flag.

    Args:
        counts: Flagged photographs by kind.
        photographs: All of them.
        accuracy: Fraction of the labels that the classifier that doubts them gives too.
    """
    flagged = (f"{count:,} {kind.replace('_', ' ')}" for kind, count in counts.items())
    _log.info(
        "quality of %s photographs: %s (by a classifier that agrees with %.1f %% of "
        "the labels); nothing was changed: look at data/08_reporting/quality.png and "
        "quality.csv, and correct or move what is wrong",
        f"{photographs:,}",
        ", ".join(flagged),
        100 * accuracy,
    )


def log_shortcuts(table: pd.DataFrame) -> None:
    """A table of how well each sight tells the class, and a sentence on each shortcut.

    Args:
        table: As `kigezi.learning.shortcuts.tabulate_shortcuts` makes it.
    """
    shown = table.copy()
    for column in ("accuracy", "low", "high", "balanced_accuracy"):
        shown[column] = (100 * table[column]).map("{:.1f}".format)
    text = shown.to_markdown(index=False, disable_numparse=True)
    _log.info("What tells the class, accuracies in percent:\n%s", text)
    rows = table.set_index("seen")
    frequent = 100 * rows.at[NOTHING, "accuracy"]
    for name, meaning in MEANINGS.items():
        row = 100 * rows.loc[name, ["accuracy", "low", "high"]]
        if row["low"] > frequent:
            level, does = logging.WARNING, "tell the class of"
            means = f"{meaning}, so part of any accuracy may come from that"
        else:
            level, does = logging.INFO, "tell no more than chance:"
            means = "no shortcut is seen there"
        sentence = "%s %s %.0f %% [%.0f, %.0f] (most frequent class %.0f %%): %s"
        _log.log(level, sentence, name.capitalize(), does, *row, frequent, means)
