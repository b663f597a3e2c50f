from typing import Any

import pytest
from pydantic import ValidationError

from kigezi.schemas import BACKBONE_LAYERS, Changes, Parameters, Recipe, Stages
from tests.conftest import BASE, make_recipe, make_tune


@pytest.mark.parametrize("unfreeze", ["none", "all", 1, 10, BACKBONE_LAYERS])
def test_unfreeze_takes_words_and_depths(unfreeze: str | int) -> None:
    assert make_recipe(unfreeze=unfreeze).unfreeze == unfreeze


@pytest.mark.parametrize("unfreeze", ["top", "10", 0, -1, 155, 1.5, True, None])
def test_unfreeze_refuses_all_else(unfreeze: Any) -> None:
    with pytest.raises(ValidationError, match="none, all, or a whole number from 1"):
        make_recipe(unfreeze=unfreeze)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("learning_rate", 0),
        ("learning_rate_decay", 0),
        ("learning_rate_decay", 1.1),
        ("learning_rate", float("nan")),
        ("learning_rate", float("inf")),
        ("batch_size", 16.0),
        ("batch_size", "16"),
        ("epochs", True),
        ("dropout", 1),
        ("alpha", 0.36),
        ("optimizer", "Adam"),
        ("weights", ""),
        ("seed", 2**32),
        ("extra", 1),
    ],
)
def test_a_recipe_refuses(key: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=key):
        make_recipe(**{key: value})


def test_a_recipe_is_frozen_and_needs_every_key() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        make_recipe().epochs = 3
    for key in BASE:
        with pytest.raises(ValidationError, match="Field required"):
            Recipe.model_validate(_without(key))


def test_changes_know_the_recipe_and_what_was_stated() -> None:
    assert set(Changes.model_fields) == set(Recipe.model_fields)
    changes = Changes.model_validate({"epochs": 3})
    assert changes.model_dump(exclude_unset=True) == {"epochs": 3}
    with pytest.raises(ValidationError, match="epochs"):
        Changes.model_validate({"epochs": 0})


def test_null_drops_variants_and_stages_in_order() -> None:
    stages = Stages.model_validate(
        {"b": {"y": {}, "x": None, "a": {}}, "gone": None, "a": {"z": {}}}
    )
    assert {name: list(stage.root) for name, stage in stages.root.items()} == {
        "b": ["y", "a"],
        "a": ["z"],
    }
    assert list(stages.root) == ["b", "a"]


@pytest.mark.parametrize("name", ["16", "Top", "top-10", "top 10", "_a", "a" * 41, ""])
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        Stages.model_validate({"freeze": {name: {}}})
    with pytest.raises(ValidationError):
        Stages.model_validate({name: {"a": {}}})


@pytest.mark.parametrize("stages", [{}, {"freeze": {}}, {"freeze": {"a": None}}])
def test_a_plan_needs_a_stage_and_a_stage_a_variant(stages: Any) -> None:
    with pytest.raises(ValidationError, match="at least 1"):
        Stages.model_validate(stages)


@pytest.mark.parametrize("seeds", [[], [1, 1], [-1], [1.5], 3])
def test_seeds_are_distinct_whole_numbers(seeds: Any) -> None:
    with pytest.raises(ValidationError, match="seeds"):
        make_tune({"freeze": {"a": {}}}, seeds)


def test_every_field_says_what_it_means() -> None:
    blocks = Parameters.model_json_schema()["$defs"]
    fields = {
        f"{block}.{name}": field.get("description")
        for block, schema in blocks.items()
        for name, field in schema.get("properties", {}).items()
    }
    assert len(fields) > 30
    assert [name for name, text in fields.items() if not text] == []


def _without(key: str) -> dict[str, Any]:
    return {name: value for name, value in BASE.items() if name != key}
