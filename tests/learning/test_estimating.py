import pytest

from kigezi.learning.estimating import (
    ALL_LAYERS,
    HEAD_ONLY,
    distinct_trainings,
    forward_seconds,
    training_seconds,
)
from tests.conftest import make_recipe


def test_a_forward_pass_is_timed() -> None:
    assert 0 < forward_seconds(make_recipe(), 32, images=4) < 10


@pytest.mark.parametrize(
    ("unfreeze", "batch_norm", "step", "share"),
    [
        ("none", "frozen", HEAD_ONLY, 0),
        ("none", "train", HEAD_ONLY, 0),
        ("all", "frozen", ALL_LAYERS["frozen"], 1),
        ("all", "train", ALL_LAYERS["train"], 1),
        (154, "frozen", ALL_LAYERS["frozen"], 1),
        (77, "frozen", (HEAD_ONLY + ALL_LAYERS["frozen"]) / 2, 0.5),
    ],
)
def test_what_is_trained_counts_an_epoch_and_the_rest_once(
    unfreeze: str | int, batch_norm: str, step: float, share: float
) -> None:
    recipe = make_recipe(unfreeze=unfreeze, batch_norm=batch_norm, epochs=3)
    seconds = training_seconds(recipe, forward=0.1, train=100, held_out=10)
    once, epoch = 110 * (1 - share), 100 * step + 10 * share
    assert seconds == pytest.approx(0.1 * (once + 3 * epoch))


def test_equal_recipes_but_for_epochs_are_one_training() -> None:
    recipes = [
        make_recipe(epochs=3),
        make_recipe(epochs=9, patience=2),
        make_recipe(epochs=5),
        make_recipe(learning_rate=0.5),
    ]
    assert distinct_trainings(recipes) == [recipes[1], recipes[3]]
