from pathlib import Path
from typing import Any

import pytest

from kigezi.datasets.searches import Searches
from kigezi.errors import DataError
from kigezi.records import Pruned, Trial
from kigezi.schemas import SearchParameters
from kigezi.searching import Watch, search
from tests.conftest import make_failed, make_history, make_trial


def _parameters(trials: int = 6, **changes: Any) -> SearchParameters:
    return SearchParameters.model_validate(
        {
            "trials": trials,
            "unfreeze": ["none", 10, "all"],
            "learning_rate": [1e-5, 1e-2],
            "pruner": "none",
            "seed": 1,
            **changes,
        }
    )


class Trainer:
    """Recipes are the better the higher their learning rate."""

    def __init__(self, dies_at: int | None = None, epochs: int = 3) -> None:
        self.tried: list[tuple[int, Any, float]] = []
        self._dies_at = dies_at
        self._epochs = epochs

    def __call__(self, number: int, changes: dict, watch: Watch) -> Trial:
        accuracy = 0.6 + 10 * changes["learning_rate"]
        history = make_history([0.5] * self._epochs, accuracy)
        self.tried.append((number, changes["unfreeze"], changes["learning_rate"]))
        for epoch in history:
            if number == self._dies_at and epoch.epoch == 2:
                raise KeyboardInterrupt
            try:
                watch(epoch)
            except Pruned as pruned:
                return _pruned(pruned.epoch)
        return make_trial(f"trial_{number}", accuracy)


def _pruned(epoch: int) -> Trial:
    trial = make_trial("trial", 0.6)
    changes = {"status": "pruned", "history": tuple(make_history([0.5] * epoch))}
    return Trial(trial.result.model_copy(update=changes), trial.predictions)


def _search(folder: Path, trainer: Trainer, **changes: Any) -> list[Trial]:
    parameters = _parameters(**changes)
    return search(Searches(folder).open("d", parameters.pruner), parameters, trainer)


def test_as_many_recipes_are_tried_as_are_asked_for(tmp_path: Path) -> None:
    trainer = Trainer()
    trials = _search(tmp_path, trainer)
    assert [number for number, _, _ in trainer.tried] == list(range(6))
    assert len(trials) == len({rate for _, _, rate in trainer.tried}) == 6
    assert all(1e-5 <= rate <= 1e-2 for _, _, rate in trainer.tried)
    assert {depth for _, depth, _ in trainer.tried} <= {"none", 10, "all"}


def test_the_same_seed_tries_the_same_recipes(tmp_path: Path) -> None:
    one, again, other = Trainer(), Trainer(), Trainer()
    _search(tmp_path / "one", one)
    _search(tmp_path / "again", again)
    _search(tmp_path / "other", other, seed=2)
    assert one.tried == again.tried
    assert one.tried != other.tried


def test_an_interrupted_search_goes_on_where_it_was(tmp_path: Path) -> None:
    whole, first, second = Trainer(), Trainer(dies_at=3), Trainer()
    _search(tmp_path / "whole", whole, trials=14)
    with pytest.raises(KeyboardInterrupt):
        _search(tmp_path / "cut", first, trials=14)
    trials = _search(tmp_path / "cut", second, trials=14)
    assert first.tried == whole.tried[:4]
    assert second.tried == whole.tried  # what was finished is asked for, and found
    assert len(trials) == 14


def test_a_search_may_be_made_longer(tmp_path: Path) -> None:
    whole, longer = Trainer(), Trainer()
    _search(tmp_path / "whole", whole, trials=12)
    _search(tmp_path / "cut", Trainer(), trials=5)
    _search(tmp_path / "cut", longer, trials=12)
    assert longer.tried == whole.tried
    assert len(_search(tmp_path / "cut", Trainer(), trials=3)) == 3


@pytest.mark.parametrize("pruner", ["median", "successive_halving"])
def test_what_falls_behind_is_pruned_and_stays_pruned(
    tmp_path: Path, pruner: str
) -> None:
    changes = {"trials": 16, "pruner": pruner}
    ended = [
        [(t.result.status, len(t.result.history)) for t in trials]
        for trials in (
            _search(tmp_path, Trainer(epochs=8), **changes),
            _search(tmp_path, Trainer(epochs=8), **changes),
        )
    ]
    statuses = [status for status, _ in ended[0]]
    assert 0 < statuses.count("pruned") < 16
    assert ended[0] == ended[1]


def test_what_diverged_or_failed_counts_as_nothing(tmp_path: Path) -> None:
    def fails(number: int, changes: dict, watch: Watch) -> Trial:
        watch(make_history([float("nan")], float("nan"))[0])
        return make_failed("a") if number % 2 else make_trial("a", float("nan"))

    study = Searches(tmp_path).open("d", "median")
    trials = search(study, _parameters(), fails)
    assert len(trials) == 6
    assert [trial.value for trial in study.trials] == [0.0] * 6


def test_a_damaged_search_is_named(tmp_path: Path) -> None:
    Searches(tmp_path).open("d", "none")
    (path,) = tmp_path.glob("*.db")
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(DataError, match=f"{path.name} is damaged: delete it"):
        Searches(tmp_path).open("d", "none")
