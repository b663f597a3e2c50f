import numpy as np
import pytest

from kigezi.learning.examples import dropout_state, epoch_order
from tests.conftest import make_examples


def test_rows_of_a_split() -> None:
    examples = make_examples(train=3, held_out=2, copies=1)
    assert examples.rows("train", all_copies=True).tolist() == [0, 1, 2, 3, 4, 5]
    assert examples.rows("train", all_copies=False).tolist() == [0, 2, 4]
    assert examples.rows("validation", all_copies=False).tolist() == [6, 8]
    assert examples.rows("test", all_copies=False).tolist() == [10, 12]
    assert examples.size == 32


def test_the_majority_is_the_training_classes() -> None:
    examples = make_examples(train=3, held_out=4)
    labels = examples.labels.copy()
    labels[examples.rows("validation", all_copies=False)] = [0, 1, 1, 1]
    changed = type(examples)(**{**vars(examples), "labels": labels})
    # Class 0 has 2 of 3 training photographs, and 1 of 4 validation photographs.
    assert changed.majority == pytest.approx(0.25)


def test_copies_do_not_vote_for_the_majority() -> None:
    assert make_examples(copies=3).majority == make_examples(copies=0).majority


def test_an_order_is_a_permutation_that_seed_and_epoch_decide() -> None:
    orders = [epoch_order(50, seed, epoch) for seed in (1, 2) for epoch in (1, 2, 3)]
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert len({tuple(order) for order in orders}) == 6
    np.testing.assert_array_equal(epoch_order(50, 1, 2), orders[1])


def test_orders_and_dropout_states_never_change() -> None:
    # Trainings that were interrupted before an upgrade go on after it.
    assert epoch_order(8, 7, 1).tolist() == [7, 2, 4, 1, 6, 3, 0, 5]
    assert dropout_state(7, 1).tolist() == [802099753, 656015360]


def test_dropout_states_differ() -> None:
    states = {tuple(dropout_state(seed, epoch)) for seed in (1, 2) for epoch in (1, 2)}
    assert len(states) == 4
    assert dropout_state(1, 1).dtype == np.uint32


def test_images_can_be_split_anew() -> None:
    examples = make_examples()
    anew = examples.split_anew(examples.splits[::-1])
    assert anew.splits.tolist() == examples.splits[::-1].tolist()
    assert anew.dataset == examples.dataset == examples.digest
    assert anew.digest not in (
        examples.digest,
        examples.split_anew(examples.splits).digest,
    )
    assert anew.every_copy
    assert not examples.every_copy
    assert anew.split_anew(examples.splits[::-1]).digest == anew.digest


def test_what_a_split_is_judged_by() -> None:
    examples = make_examples(train=3, held_out=2, copies=1)
    assert examples.judged("test").tolist() == [10, 12]
    photographs = examples.split_anew(examples.splits)
    images = examples.split_anew(examples.splits, copies_count=True)
    assert photographs.judged("test").tolist() == [10, 12]
    assert images.judged("test").tolist() == [10, 11, 12, 13]
    assert images.digest != photographs.digest
