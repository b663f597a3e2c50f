"""Which epochs of a training count for a recipe, read off the history alone."""

from collections.abc import Sequence

from kigezi.records import Epoch
from kigezi.schemas import Recipe


def within_budget(history: Sequence[Epoch], recipe: Recipe) -> tuple[Epoch, ...]:
    """The epochs that count for a recipe: up to its budget, patience or divergence."""
    counted = tuple(history[: recipe.epochs])
    ends = (done for done in range(1, len(counted)) if _ended(counted[:done], recipe))
    return counted[: next(ends, len(counted))]


def is_over(history: Sequence[Epoch], recipe: Recipe) -> bool:
    """Whether a recipe asks for no further epoch."""
    counted = within_budget(history, recipe)
    return len(counted) == recipe.epochs or _ended(counted, recipe)


def best_epoch(history: Sequence[Epoch]) -> int | None:
    """The first epoch with the lowest finite validation loss, counted from 1."""
    finite = [epoch for epoch in history if epoch.finite]
    return min(finite, key=lambda e: e.validation_loss).epoch if finite else None


def _ended(epochs: Sequence[Epoch], recipe: Recipe) -> bool:
    """Whether the last epoch diverged or used up the patience."""
    if not epochs or not epochs[-1].finite:
        return bool(epochs)
    best = best_epoch(epochs)
    return best is not None and len(epochs) - best >= recipe.patience
