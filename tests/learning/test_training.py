import os
import signal
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import pytest

from kigezi.learning import training
from kigezi.learning.budgets import best_epoch, is_over, within_budget
from kigezi.learning.examples import epoch_order
from kigezi.learning.training import (
    Arrays,
    compile_for,
    optimizer_of,
    restore,
    state_of,
    train,
    weights_of,
)
from kigezi.records import Epoch
from kigezi.schemas import Recipe
from kigezi.stopping import Stopped, stoppable
from tests.conftest import make_examples, make_history, make_model, make_recipe

NAN = float("nan")
EXAMPLES = make_examples(train=10)
OPENED = {"unfreeze": "all", "batch_norm": "train"}


class Memory:
    """A checkpoint that keeps everything and nothing on disk."""

    def __init__(self) -> None:
        self.epochs: list[Epoch] = []
        self.last: Arrays = {}
        self.weights: dict[int, Arrays] = {}

    def history(self) -> list[Epoch]:
        return list(self.epochs)

    def state(self) -> Arrays:
        return self.last

    def save(self, history: Sequence[Epoch], state: Arrays, best: Arrays) -> None:
        self.epochs, self.last = list(history), state
        if best:
            self.weights[history[-1].epoch] = best


def _run(memory: Memory, power: Iterator[int] | None = None, **changes: Any) -> Memory:
    """Train; the power fails after so many epochs, each time with a fresh model."""
    recipe = make_recipe(**{"epochs": 4, **OPENED, **changes})
    model = make_model(recipe, 32, 2, None)

    def on_epoch(epoch: Epoch) -> None:
        if power is not None and next(power, 0):
            raise KeyboardInterrupt

    compile_for(model, recipe)
    train(model, recipe, EXAMPLES, memory, on_epoch)
    return memory


@pytest.fixture(scope="module")
def whole() -> Memory:
    return _run(Memory())


def _assert_equal(one: Memory, other: Memory) -> None:
    assert _figures(one) == _figures(other)
    _assert_same_bits(one.last, other.last)
    assert one.weights.keys() == other.weights.keys()
    for epoch, weights in one.weights.items():
        _assert_same_bits(weights, other.weights[epoch])


def _assert_same_bits(one: Arrays, other: Arrays) -> None:
    assert one.keys() == other.keys()
    for name, array in one.items():
        assert array.tobytes() == other[name].tobytes(), name


def _figures(memory: Memory) -> list[dict[str, Any]]:
    return [e.model_dump(exclude={"seconds", "ended_at"}) for e in memory.epochs]


def test_the_same_seed_trains_the_same_bits(whole: Memory) -> None:
    _assert_equal(_run(Memory()), whole)


def test_another_seed_trains_other_weights(whole: Memory) -> None:
    other = _run(Memory(), seed=8)
    assert not np.array_equal(other.last["convolution/0"], whole.last["convolution/0"])


def test_an_interrupted_training_ends_with_the_same_bits(whole: Memory) -> None:
    memory = Memory()
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            _run(memory, iter([1]))
    _assert_equal(_run(memory), whole)


def test_a_signal_stops_after_the_epoch_that_it_meets(
    whole: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def signalled(count: int, seed: int, epoch: int) -> Any:
        if epoch == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return epoch_order(count, seed, epoch)

    memory = Memory()
    monkeypatch.setattr(training, "epoch_order", signalled)
    with pytest.raises(Stopped), stoppable():
        _run(memory)
    assert len(memory.epochs) == 2
    monkeypatch.undo()
    _assert_equal(_run(memory), whole)


def test_a_budget_is_a_prefix(whole: Memory) -> None:
    memory = _run(Memory(), epochs=2)
    assert len(memory.epochs) == 2
    _assert_equal(_run(memory), whole)


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop"])
def test_other_optimizers_are_resumed(optimizer: str) -> None:
    at_once = _run(Memory(), optimizer=optimizer, epochs=2)
    memory = _run(Memory(), optimizer=optimizer, epochs=1)
    _assert_equal(_run(memory, optimizer=optimizer, epochs=2), at_once)


def test_what_is_over_is_not_trained(whole: Memory) -> None:
    before = {name: array.copy() for name, array in whole.last.items()}
    _run(whole, iter([1]))
    _assert_same_bits(whole.last, before)


def test_dropout_decides_the_weights(whole: Memory) -> None:
    # Otherwise the tests above would not prove that its state is resumed.
    other = _run(Memory(), dropout=0.1)
    assert not np.array_equal(
        other.last["probabilities/0"], whole.last["probabilities/0"]
    )


def test_all_images_are_seen_in_another_order_each_epoch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    orders = []
    from kigezi.learning import training

    batches = training.batches_of

    def watch(examples: Any, rows: Any, batch_size: int) -> Any:
        orders.append(rows.tolist())
        return batches(examples, rows, batch_size)

    monkeypatch.setattr(training, "batches_of", watch)
    _run(Memory(), epochs=2)
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(20))


def test_training_learns() -> None:
    memory = _run(Memory(), learning_rate=0.1, epochs=8, dropout=0.1)
    assert memory.epochs[-1].train_loss < memory.epochs[0].train_loss / 2
    assert memory.epochs[-1].train_accuracy > 0.9


def test_the_learning_rate_decays_by_epochs_whether_interrupted_or_not() -> None:
    rates = []

    class Rates(Memory):
        def save(self, history: Any, state: Arrays, best: Arrays) -> None:
            super().save(history, state, best)
            rates.append(float(state["optimizer/1"]))

    decaying = {"learning_rate_decay": 0.5, "learning_rate": 0.1, "epochs": 3}
    at_once = _run(Rates(), **decaying)
    assert rates == pytest.approx([0.1, 0.05, 0.025])
    memory = _run(Memory(), **{**decaying, "epochs": 1})
    _assert_equal(_run(memory, **decaying), at_once)


def test_no_dropout() -> None:
    assert len(_run(Memory(), dropout=0.0, epochs=1).epochs) == 1


def test_restored_weights_are_those_of_the_epoch(whole: Memory) -> None:
    epoch = best_epoch(whole.epochs)
    recipe = make_recipe(**OPENED, seed=1)
    model = make_model(recipe, 32, 2, None)
    restore(model, whole.weights[epoch])
    _assert_same_bits(weights_of(model, recipe), whole.weights[epoch])


def test_what_is_kept_of_a_downloaded_backbone() -> None:
    recipe = make_recipe(weights="imagenet")
    model = make_model(recipe, 32, 2, None)
    assert set(weights_of(model, recipe)) == {"probabilities/0", "probabilities/1"}
    whole = weights_of(model, make_recipe())
    assert {"convolution/0", "normalization/3"} <= set(whole)


def test_the_state_holds_the_optimizer() -> None:
    recipe = make_recipe()
    model = make_model(recipe, 32, 2, None)
    compile_for(model, recipe)
    # Iterations and learning rate; two moments for kernel and bias.
    names = [
        name
        for name in state_of(model, recipe, model.optimizer)
        if name.startswith("optimizer/")
    ]
    assert len(names) == 2 + 2 * 2


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("adam", keras.optimizers.Adam),
        ("rmsprop", keras.optimizers.RMSprop),
        ("sgd", keras.optimizers.SGD),
    ],
)
def test_optimizers(name: str, kind: type[keras.optimizers.Optimizer]) -> None:
    optimizer = optimizer_of(make_recipe(optimizer=name, learning_rate=0.25))
    assert type(optimizer) is kind
    assert float(optimizer.learning_rate) == 0.25
    name = optimizer.name
    assert optimizer.get_config() == kind(0.25, name=name).get_config()


RULES = [  # validation losses, epochs, patience: epochs that count, over, best epoch
    ([], 3, 2, 0, False, None),
    ([3.0], 3, 2, 1, False, 1),
    ([3.0, 2.0, 1.0], 3, 2, 3, True, 3),
    ([3.0, 2.0, 1.0, 0.5], 3, 2, 3, True, 3),
    ([3.0, 1.0, 2.0], 9, 2, 3, False, 2),
    ([3.0, 1.0, 2.0, 2.0], 9, 2, 4, True, 2),
    ([3.0, 1.0, 2.0, 2.0, 0.1], 9, 2, 4, True, 2),
    ([3.0, 1.0, 2.0, 2.0, 0.1], 9, 3, 5, False, 5),
    ([1.0, 1.0, 1.0], 9, 2, 3, True, 1),
    ([1.0, 2.0], 9, 1, 2, True, 1),
    ([NAN], 9, 2, 1, True, None),
    ([1.0, NAN], 9, 5, 2, True, 1),
    ([1.0, NAN, 0.1], 9, 5, 2, True, 1),
    ([float("inf")], 9, 2, 1, True, None),
]


@pytest.mark.parametrize(
    ("losses", "epochs", "patience", "count", "over", "best"), RULES
)
def test_budget_and_patience(
    losses: list[float],
    epochs: int,
    patience: int,
    count: int,
    over: bool,
    best: int | None,
) -> None:
    recipe: Recipe = make_recipe(epochs=epochs, patience=patience)
    history = make_history(losses)
    counted = within_budget(history, recipe)
    assert counted == tuple(history[:count])
    assert is_over(history, recipe) is over
    assert best_epoch(counted) == best
