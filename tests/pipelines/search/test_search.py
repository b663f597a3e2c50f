import logging
from pathlib import Path

import pandas as pd
import pytest

from kigezi.datasets.model_inputs import ModelInputs
from kigezi.datasets.searches import Searches
from kigezi.datasets.trainings import Trainings
from kigezi.datasets.weights import BackboneWeights
from kigezi.errors import DataError
from kigezi.learning.examples import Examples
from kigezi.pipelines.search import create_pipeline
from kigezi.pipelines.search.nodes import (
    Search,
    compare_with_stages,
    plan_search,
    try_recipes,
)
from kigezi.plan import lineage
from kigezi.records import Trial
from kigezi.schemas import SearchParameters, TuneParameters
from tests.answers import answered, as_final, make_ledger
from tests.conftest import make_examples, make_failed, make_trial, make_tune
from tests.pipelines.tune.test_nodes import Runs

STAGES = {"freeze": {"head_only": {}}}
SPACE = SearchParameters(
    trials=4,
    unfreeze=("none", "all"),
    learning_rate=(1e-4, 1e-1),
    pruner="median",
    seed=3,
)


def _plan(
    examples: Examples | None = None,
    tune: TuneParameters | None = None,
    space: SearchParameters = SPACE,
) -> Search:
    """A search beside a study of the same photographs and settings."""
    examples, tune = examples or make_examples(), tune or make_tune(STAGES)
    final = as_final(make_trial("a", 0.9))
    plan = {"plan": lineage(tune, len(tune.stages.root))}
    assignment = final.result.assignment.model_copy(update=plan)
    changes = {"assignment": assignment, "dataset": examples.dataset}
    final = Trial(final.result.model_copy(update=changes), final.predictions)
    return plan_search(examples, tune, space, final)


def _try(folder: Path, runs: Runs) -> list[Trial]:
    plan = _plan()
    return try_recipes(
        plan,
        Searches(folder / "searches"),
        BackboneWeights(folder),
        Trainings(folder / "trainings"),
        runs,
        ModelInputs(folder / "inputs", 1e9),
    )


@pytest.mark.usefixtures("small_network")
def test_recipes_are_trained_as_variants_are(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runs = Runs()
    trials = _try(tmp_path, runs)
    assert [t.result.assignment.name for t in trials] == [
        f"search/trial_{number:03}" for number in range(4)
    ]
    assert "search/trial_003" in runs.said
    assert runs.said[-1] == "end"
    caplog.clear()
    with caplog.at_level(logging.INFO):
        again = _try(tmp_path, Runs())
    assert [t.result for t in again] == [t.result for t in trials]
    assert "is trained" not in caplog.text


def test_other_images_or_another_space_are_another_search() -> None:
    examples = make_examples()
    plans = [
        _plan(),
        _plan(examples.split_anew(examples.splits)),
        _plan(tune=make_tune(STAGES, epochs=9)),
        _plan(space=SPACE.model_copy(update={"unfreeze": (10,)})),
    ]
    assert len({plan.digest for plan in plans}) == 4
    longer = _plan(space=SPACE.model_copy(update={"trials": 99}))
    assert longer.digest == plans[0].digest


def test_a_search_needs_the_stages_of_the_same_study() -> None:
    final = as_final(make_trial("a", 0.9))
    with pytest.raises(DataError, match="run `kedro run --pipeline=tune` first"):
        plan_search(make_examples(), make_tune(STAGES), SPACE, final)


def _right(count: int) -> list[bool]:
    return [number < count for number in range(100)]


def _compare(*trials: Trial, final: Trial) -> tuple[pd.DataFrame, list]:
    table, figure = compare_with_stages(trials, as_final(final), make_ledger(100))
    return table, figure.axes


def test_the_best_is_compared_with_what_the_stages_found(
    caplog: pytest.LogCaptureFixture,
) -> None:
    best = answered("trial_001", _right(95), learning_rate=0.1)
    trials = [make_failed("trial_000"), best]
    with caplog.at_level(logging.INFO):
        table, _ = _compare(*trials, final=answered("a", _right(80), learning_rate=1))
    assert table["variant"].tolist() == ["trial_000", "trial_001", "final_model"]
    assert table["winner"].tolist() == [False, True, False]
    assert table["against_winner"].tolist() == ["not compared"] * 2 + ["lower"]
    assert "best of 2 recipes (unfreeze none, learning rate 0.1)" in caplog.text
    assert "+15.0 points against the stages' final model" in caplog.text
    assert "the stages' is lower (McNemar's p = 0.000)" in caplog.text


def test_the_same_training_is_not_tested(caplog: pytest.LogCaptureFixture) -> None:
    same = answered("trial_000", _right(95), learning_rate=0.1)
    with caplog.at_level(logging.INFO):
        _compare(same, final=answered("a", _right(95), learning_rate=0.1))
    assert "they are the very same training" in caplog.text


def test_nobody_may_win() -> None:
    table, axes = _compare(make_failed("trial_000"), final=answered("a", _right(80)))
    assert not table["winner"].any()
    assert axes[0].get_xscale() == "log"


def test_inputs_and_outputs() -> None:
    pipeline = create_pipeline()
    assert "tune.final.final_model.trial" in pipeline.inputs()
    assert pipeline.outputs() == {"search_table", "search_chart"}
