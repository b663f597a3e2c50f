import math

import pandas as pd
import pytest

from kigezi.choosing import choose, combine, result_row, standard_error
from kigezi.records import Trial, TrialResult, Winner
from kigezi.schemas import Protocol
from tests.conftest import make_failed, make_recipe, make_result, make_trial

NAN = math.nan


def test_the_highest_validation_accuracy_wins() -> None:
    # The train and test figures of these results say the opposite.
    low = make_result("low", 0.8, learning_rate=0.1)
    swapped = low.model_copy(
        update={"test": low.test.model_copy(update={"accuracy": 1})}
    )
    winner = choose([swapped, make_result("high", 0.9, learning_rate=0.2)])
    assert winner.variant == "high"
    assert winner.recipe == make_recipe(learning_rate=0.2)
    assert winner.runner_up == "low"


def test_a_tie_goes_to_the_lower_loss() -> None:
    results = [make_result("a", 0.9, 0.4), make_result("b", 0.9, 0.3)]
    assert choose(results).variant == "b"


def test_a_second_tie_goes_to_fewer_epochs() -> None:
    results = [make_result("a", 0.9, epochs=9), make_result("b", 0.9, epochs=8)]
    assert choose(results).variant == "b"


def test_the_last_tie_goes_to_the_first() -> None:
    results = [make_result(name, 0.9) for name in ("b", "a", "c")]
    winner = choose(results)
    assert (winner.variant, winner.runner_up, winner.margin) == ("b", "a", 0)


@pytest.mark.parametrize(
    ("accuracy", "loss"), [(NAN, 0.1), (0.99, NAN), (0.99, math.inf)]
)
def test_what_is_not_finite_never_wins(accuracy: float, loss: float) -> None:
    broken = make_result("broken", accuracy, loss)
    for results in ([broken, make_result("a", 0.6)], [make_result("a", 0.6), broken]):
        winner = choose(results)
        assert winner.variant == "a"
        assert winner.runner_up is None
        assert winner.margin is None


def test_the_majority_class_never_wins() -> None:
    results = [make_result("guess", 0.5, 0.1), make_result("a", 0.51, 9)]
    assert choose(results).variant == "a"


def test_nobody_eligible_carries_the_base_on() -> None:
    results = [make_result("a", 0.5, learning_rate=0.1), make_result("b", NAN)]
    winner = choose(results)
    assert winner.variant is None
    assert winner.result is None
    assert winner.recipe == make_recipe()
    assert winner.standard_error is None
    assert (winner.lineage, winner.dataset) == ("l" * 64, "d" * 64)


def test_margin_and_standard_error() -> None:
    winner = choose([make_result("a", 0.9), make_result("b", 0.86)])
    assert winner.margin == pytest.approx(0.04)
    assert winner.standard_error == pytest.approx(0.03)
    assert Winner.model_validate_json(winner.model_dump_json()) == winner


def test_standard_error() -> None:
    assert standard_error(0.5, 25) == pytest.approx(0.1)
    assert standard_error(1.0, 25) == 0
    assert math.isnan(standard_error(NAN, 25))


def test_a_row_has_all_figures() -> None:
    row = result_row(make_result("a", 0.8, 0.4), winner=True)
    figures = {"train_accuracy": 0.4, "validation_accuracy": 0.8, "test_accuracy": 0.2}
    assert row.items() >= figures.items()
    assert row["test_loss"] == 0.4
    assert (row["winner"], row["variant"], row["ended"]) == (True, "a", "all 2 epochs")
    assert row["learning_rate"] == 1e-3
    assert "seed" not in row


def _seeds(variant: str, *accuracies: float) -> Trial:
    """A variant that was trained with seeds 0, 1, ..."""
    return combine(
        [
            Trial(make_result(variant, accuracy, seed=seed), pd.DataFrame([seed]))
            for seed, accuracy in enumerate(accuracies)
        ]
    )


def test_seeds_are_averaged() -> None:
    trial = _seeds("a", 0.7, 0.9, 0.8)
    row = result_row(trial.result, winner=False)
    assert row["seeds"] == 3
    assert row["validation_accuracy"] == pytest.approx(0.8)
    assert row["validation_spread"] == pytest.approx(0.1)
    assert row["test_accuracy"] == pytest.approx(0.2)
    assert row["test_spread"] == pytest.approx(0.025)


def test_the_best_seed_on_validation_stands_for_all() -> None:
    trial = _seeds("a", 0.7, 0.9, 0.8)
    assert trial.result.assignment.recipe.seed == 1
    assert trial.result.validation.accuracy == 0.9
    assert trial.predictions.iloc[0, 0] == 1
    assert math.isnan(make_result("a", 0.7).spread("test"))
    assert combine([trial]) is trial


def test_the_mean_of_the_seeds_decides() -> None:
    lucky, steady = _seeds("lucky", 0.95, 0.6), _seeds("steady", 0.8, 0.82)
    winner = choose([lucky.result, steady.result])
    assert winner.variant == "steady"
    assert winner.margin == pytest.approx(0.81 - 0.775)
    assert winner.standard_error == pytest.approx(math.sqrt(0.81 * 0.19 / 100))


def test_a_seed_that_diverged_takes_its_variant_out() -> None:
    broken = _seeds("broken", NAN, 0.99)
    assert broken.result.validation.accuracy == 0.99
    assert choose([broken.result, make_result("a", 0.6)]).variant == "a"


def test_the_winner_before_is_carried_on_with_its_result() -> None:
    before = choose([make_result("good", 0.9)])
    after = choose([make_result("nan", float("nan"))], before)
    assert after.variant is None
    assert after.result == before.result


def test_what_could_not_be_trained_never_wins_and_has_a_row() -> None:
    failed = make_failed("big", "out of memory").result
    winner = choose([failed, make_result("small", 0.6)])
    assert (winner.variant, winner.runner_up) == ("small", None)
    row = result_row(failed, winner=False)
    assert row["ended"] == "failed: out of memory"
    assert math.isnan(row["test_accuracy"])
    assert math.isnan(row["seconds_per_epoch"])


def test_a_variant_fails_with_any_of_its_seeds() -> None:
    trials = [make_trial("a", 0.9), make_failed("a"), make_trial("a", 0.8)]
    assert combine(trials).result.status == "failed"


def _with_protocol(result: TrialResult, **protocol: str) -> TrialResult:
    assignment = result.assignment.model_copy(update={"protocol": Protocol(**protocol)})
    return result.model_copy(update={"assignment": assignment})


def test_the_test_set_chooses_only_where_it_is_told_to() -> None:
    low = make_result("low", 0.8, learning_rate=0.1)
    best = low.test.model_copy(update={"accuracy": 0.99})
    results = [low.model_copy(update={"test": best}), make_result("high", 0.9)]
    assert choose(results).variant == "high"
    as_published = [_with_protocol(result, choose_on="test") for result in results]
    winner = choose(as_published)
    assert (winner.variant, winner.runner_up) == ("low", "high")
    assert winner.margin == pytest.approx(0.99 - 0.9 / 4)
    row = result_row(as_published[0], winner=True)
    assert row["chosen_on"] == "test"
    assert row["protocol"].startswith("NOT HONEST")
    assert result_row(results[0], winner=True)["protocol"] == (
        "split before augmentation, chosen on validation"
    )


def test_what_was_pruned_never_wins() -> None:
    pruned = make_result("pruned", 0.99).model_copy(update={"status": "pruned"})
    assert pruned.summary == "pruned at epoch 2"
    assert choose([pruned, make_result("a", 0.6)]).variant == "a"
