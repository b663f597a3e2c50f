from kigezi.reporting.costs import tabulate_costs
from tests.answers import answered, make_leaderboard
from tests.conftest import make_failed


def test_steps_to_the_best_epoch_and_their_time() -> None:
    # Batches of 4, an epoch of 1 second, the second epoch is the best.
    table = make_leaderboard(answered("a", [True] * 9 + [False]), make_failed("b"))
    costs = tabulate_costs(table, images=42)
    assert costs["variant"].tolist() == ["a", "final_model"]
    row = costs.iloc[0]
    assert (row["steps"], row["seconds"]) == (22, 2)
    assert row["seconds_per_step"] == 1 / 11
