from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest

from kigezi.learning import backbone
from kigezi.learning.backbone import calibrate
from kigezi.learning.examples import Examples
from kigezi.learning.folding import fold
from kigezi.learning.prefix import end_of_prefix, seen_through, split
from kigezi.learning.training import Arrays, compile_for, train
from kigezi.processor import MATH_VARIABLE, ONEDNN_VARIABLE
from kigezi.schemas import Recipe
from tests.conftest import make_examples, make_recipe
from tests.learning.test_training import Memory

EXAMPLES = make_examples(train=21, held_out=5)


class Store:
    """Activations in memory; values may be stored less exactly."""

    def __init__(self, dtype: npt.DTypeLike = np.float32) -> None:
        self.kept: dict[str, npt.NDArray[Any]] = {}
        self._dtype = dtype

    def get_or_make(
        self,
        digest: str,
        shape: tuple[int, ...],
        fill: Callable[[npt.NDArray[Any]], None],
        dtype: npt.DTypeLike,
    ) -> npt.NDArray[Any]:
        if digest not in self.kept:
            array = np.zeros(shape, dtype)
            fill(array)
            self.kept[digest] = array.astype(self._dtype).astype(dtype)
        return self.kept[digest]


def _model(recipe: Recipe, size: int = 32) -> keras.Model:
    model = backbone.build_model(recipe, size, 2, None)
    calibrate(model, EXAMPLES.images[:16])
    return model


def _trained(recipe: Recipe, store: Store | None) -> Arrays:
    model = _model(recipe)
    parts = split(model) if store else (None, model)
    below, part = (layers and fold(layers) for layers in parts)
    seen = seen_through(below, EXAMPLES, store) if below and store else EXAMPLES
    compile_for(part, recipe)
    memory = Memory()
    train(part, recipe, seen, memory, lambda _: None, model)
    return memory.last


def _same(one: Arrays, other: Arrays) -> bool:
    assert one.keys() == other.keys()
    return all(one[name].tobytes() == other[name].tobytes() for name in one)


def _see(store: Store, examples: Examples = EXAMPLES, **changes: Any) -> Examples:
    below, _ = split(_model(make_recipe(**changes)))
    assert below is not None
    return seen_through(below, examples, store)


@pytest.mark.parametrize(
    ("unfreeze", "dropout", "optimizer"),
    [("none", 0.3, "adam"), (20, 0.3, "sgd"), (20, 0.0, "adam")],
)
def test_the_part_learns_the_bits_of_the_whole(
    unfreeze: Any, dropout: float, optimizer: str
) -> None:
    recipe = make_recipe(
        unfreeze=unfreeze, dropout=dropout, optimizer=optimizer, batch_size=8
    )
    whole = _trained(recipe, None)
    assert _same(_trained(recipe, Store()), whole)
    # Otherwise the line above would not prove that activations are exact.
    assert not _same(_trained(recipe, Store(np.float16)), whole)


def test_the_part_learns_the_bits_of_the_whole_in_half_precision() -> None:
    recipe = make_recipe(unfreeze=20, batch_size=8, precision="mixed_bfloat16")
    assert _same(_trained(recipe, Store()), _trained(recipe, None))


@pytest.mark.parametrize(
    ("unfreeze", "size", "name"),
    [
        ("none", 224, "features"),
        (1, 224, "features"),
        (3, 224, "block_16_project_BN"),
        (10, 224, "block_16_expand_relu"),
        (20, 224, "block_14_add"),
        (20, 32, "block_14_add"),
        ("all", 224, None),
        (150, 32, None),
    ],
)
def test_where_a_model_is_cut(unfreeze: Any, size: int, name: str | None) -> None:
    layer = end_of_prefix(
        backbone.build_model(make_recipe(unfreeze=unfreeze), size, 2, None)
    )
    assert (layer and layer.name) == name


def test_a_model_that_is_trained_from_the_bottom_is_not_cut() -> None:
    model = _model(make_recipe(unfreeze="all"))
    assert split(model) == (None, model)


def test_activations_are_shared_by_variants_and_depths_that_cut_alike() -> None:
    store = Store()
    for changes in ({"learning_rate": 0.1}, {"dropout": 0.0}, {"batch_size": 3}):
        _see(store, **changes)
    assert len(store.kept) == 1
    for depth in (18, 20):
        _see(store, unfreeze=depth)
    assert len(store.kept) == 2


@pytest.mark.usefixtures("small_network")
def test_other_weights_or_images_give_other_activations() -> None:
    store = Store()
    _see(store)
    _see(store, seed=8)
    _see(store, replace(EXAMPLES, digest="e" * 64))
    assert len(store.kept) == 3


def test_another_precision_gives_other_activations() -> None:
    store = Store()
    for precision in ("float32", "mixed_bfloat16"):
        below, _ = split(
            backbone.build_model(make_recipe(precision=precision), 32, 2, None)
        )
        assert below is not None
        seen_through(below, EXAMPLES, store)
    assert len(store.kept) == 2


@pytest.mark.usefixtures("small_network")
@pytest.mark.parametrize(
    ("variable", "value"), [(MATH_VARIABLE, "BF16"), (ONEDNN_VARIABLE, "0")]
)
def test_other_arithmetic_gives_other_activations(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    store = Store()
    _see(store)
    monkeypatch.setenv(variable, value)
    _see(store)
    assert len(store.kept) == 2


@pytest.mark.usefixtures("small_network")
def test_only_rows_in_use_are_computed() -> None:
    store = Store()
    seen = _see(store)
    used = (EXAMPLES.splits == "train") | (EXAMPLES.copies == 0)
    rows = seen.images.reshape(len(used), -1)
    assert rows.any(axis=1).tolist() == used.tolist()
    assert not used.all()


@pytest.mark.usefixtures("small_network")
def test_all_rows_are_computed_once_for_all_ways_of_splitting() -> None:
    store = Store()
    orders = (EXAMPLES.splits, EXAMPLES.splits[::-1])
    one, other = (_see(store, EXAMPLES.split_anew(order)) for order in orders)
    assert one.images is other.images
    assert one.images.reshape(len(one.images), -1).any(axis=1).all()
    _see(store)
    assert len(store.kept) == 2
