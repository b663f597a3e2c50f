import pytest

from kigezi.learning.estimating import (
    ALL_LAYERS,
    FORWARD_ONLY,
    distinct_trainings,
    forward_seconds,
    training_seconds,
)
from tests.conftest import make_recipe


def test_a_forward_pass_is_timed() -> None:
    assert 0 < forward_seconds(make_recipe(), 32, images=4) < 10


@pytest.mark.parametrize(
    ("unfreeze", "step"),
    [
        ("none", FORWARD_ONLY),
        ("all", ALL_LAYERS),
        (154, ALL_LAYERS),
        (77, (FORWARD_ONLY + ALL_LAYERS) / 2),
    ],
)
def test_seconds_grow_with_the_layers(unfreeze: str | int, step: float) -> None:
    recipe = make_recipe(unfreeze=unfreeze, epochs=3)
    seconds = training_seconds(recipe, forward=0.1, train=100, held_out=10)
    assert seconds == pytest.approx(3 * 0.1 * (100 * step + 10))


def test_equal_recipes_but_for_epochs_are_one_training() -> None:
    recipes = [
        make_recipe(epochs=3),
        make_recipe(epochs=9, patience=2),
        make_recipe(epochs=5),
        make_recipe(learning_rate=0.5),
    ]
    assert distinct_trainings(recipes) == [recipes[1], recipes[3]]
