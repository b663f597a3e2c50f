"""Which variant wins a stage, and the row that each variant gets in a table."""

import math
from collections.abc import Sequence

from kigezi.records import SPLITS, Repeat, Trial, TrialResult, Winner


def choose(results: Sequence[TrialResult], previous: Winner | None = None) -> Winner:
    """The result with the highest accuracy on validation, or what the protocol says.

    Ties go to the lower loss there, then to fewer epochs, then to the first. A
    result that is not finite or not above the majority class never wins; if none is
    left, the stage's base is carried on.

    Args:
        results: All variants of one stage, in the order of the YAML; at least one.
        previous: The winner of the stage before.
    """
    ranked = sorted((r for r in results if r.eligible), key=_rank)
    return _make_winner(results[0], ranked, previous)


def combine(trials: Sequence[Trial]) -> Trial:
    """One trial of a variant's seeds: the best seed's, with the figures of all.

    The best is chosen on validation, as winners are. A variant fails with any of its
    seeds, for a mean of fewer seeds could not be compared.
    """
    failed = [trial for trial in trials if trial.result.status == "failed"]
    if failed or len(trials) == 1:
        return (failed or trials)[0]
    repeats = [
        Repeat(
            seed=trial.result.assignment.recipe.seed,
            **{split: getattr(trial.result, split) for split in SPLITS},
        )
        for trial in trials
    ]
    best = min(
        trials,
        key=lambda trial: (not trial.result.eligible, *_rank(trial.result)),
    )
    result = best.result.model_copy(update={"repeats": tuple(repeats)})
    return Trial(result, best.predictions)


def _rank(result: TrialResult) -> tuple[float, float, int]:
    figures = result.mean(result.assignment.protocol.choose_on)
    return -figures.accuracy, figures.loss, result.assignment.recipe.epochs


def _make_winner(
    any_result: TrialResult, ranked: list[TrialResult], previous: Winner | None
) -> Winner:
    best = ranked[0] if ranked else None
    second = ranked[1] if len(ranked) > 1 else None
    assignment = any_result.assignment
    chosen_on = assignment.protocol.choose_on
    margin = error = None
    if best:
        figures = best.mean(chosen_on)
        error = standard_error(figures.accuracy, figures.photographs)
        if second:
            margin = figures.accuracy - second.mean(chosen_on).accuracy
    return Winner(
        stage=assignment.stage,
        variant=best.assignment.variant if best else None,
        recipe=best.assignment.recipe if best else assignment.base,
        result=best or (previous.result if previous else None),
        runner_up=second.assignment.variant if second else None,
        margin=margin,
        standard_error=error,
        dataset=any_result.dataset,
        lineage=assignment.lineage,
    )


def result_row(result: TrialResult, *, winner: bool) -> dict[str, object]:
    """A row of a table: accuracies as fractions, losses in nats, and the recipe.

    Figures are means over the seeds, their spread is a standard deviation.
    """
    recipe = result.assignment.recipe.model_dump(exclude={"seed"})
    figures = {
        f"{split}_{name}": getattr(result.mean(split), name)
        for split in SPLITS
        for name in ("accuracy", "loss")
    }
    return {
        "stage": result.assignment.stage,
        "variant": result.assignment.variant,
        "winner": winner,
        **figures,
        "seeds": max(1, len(result.repeats)),
        **{f"{split}_spread": result.spread(split) for split in SPLITS},
        "ended": result.summary,
        "best_epoch": result.best_epoch,
        "seconds_per_epoch": result.seconds_per_epoch,
        "shared_seconds": result.shared_seconds,
        "trained_weights": result.trained_weights,
        **recipe,
        "training": result.key[:12],
        "dataset": result.dataset[:12],
        "plan": result.assignment.plan[:12],
        "chosen_on": result.assignment.protocol.choose_on,
        "protocol": result.assignment.protocol.words,
    }


def standard_error(accuracy: float, count: int) -> float:
    """Standard error of a share; not a number where the accuracy is none."""
    return math.sqrt(accuracy * (1 - accuracy) / count)
