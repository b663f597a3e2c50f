from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kigezi.datasets.model_inputs import ModelInputs
from kigezi.datasets.trainings import Trainings
from kigezi.datasets.weights import BackboneWeights
from kigezi.learning.examples import Examples
from kigezi.photos.arranging import WAYS
from kigezi.pipelines.leakage.nodes import (
    Run,
    compare_ways,
    split_three_ways,
    train_runs,
)
from kigezi.pipelines.leakage.pipeline import create_pipeline
from kigezi.schemas import LeakageParameters
from tests.conftest import make_examples, make_tune
from tests.pictures import ingest_parameters
from tests.pipelines.tune.test_nodes import Runs

EXAMPLES = make_examples(train=16, held_out=4, copies=3)
LEAKAGE = LeakageParameters.model_validate(
    {"seeds": [1, 2], "changes": {"learning_rate": 0.01}}
)
TUNE = make_tune({"freeze": {"head_only": {}}}, epochs=2)


def _ledger() -> pd.DataFrame:
    photographs = np.unique(EXAMPLES.photo_ids)
    ledger = pd.DataFrame({"photo_id": photographs, "status": "kept"})
    labels = dict(zip(EXAMPLES.photo_ids, EXAMPLES.labels, strict=True))
    ledger["label"] = [EXAMPLES.classes[labels[one]] for one in photographs]
    # The first two photographs of a class show one subject.
    first_two = ledger["label"].eq("dark") & (ledger.groupby("label").cumcount() < 2)
    ledger["group_id"] = ledger["photo_id"].where(~first_two, "together")
    return ledger


def _runs() -> dict[str, list[Run]]:
    return split_three_ways(_ledger(), EXAMPLES, ingest_parameters(), TUNE, LEAKAGE)


def _alone_in_a_split(examples: Examples, names: np.ndarray) -> bool:
    table = pd.DataFrame({"split": examples.splits, "name": names})
    return bool((table.groupby("name")["split"].nunique() == 1).all())


def test_every_way_has_the_same_recipe_counts_and_seeds() -> None:
    runs = _runs()
    assert list(runs) == list(WAYS)
    counts = {
        tuple(np.unique(run.examples.splits, return_counts=True)[1])
        for ways in runs.values()
        for run in ways
    }
    assert len(counts) == 1
    for ways in runs.values():
        recipes = [run.assignment.recipe for run in ways]
        assert [recipe.seed for recipe in recipes] == [1, 2]
        assert {recipe.learning_rate for recipe in recipes} == {0.01}


def test_what_stays_whole_stays_whole() -> None:
    runs = _runs()
    groups = _ledger().set_index("photo_id")["group_id"]
    group_ids = groups.loc[EXAMPLES.photo_ids].to_numpy()
    assert not _alone_in_a_split(runs["images"][0].examples, EXAMPLES.photo_ids)
    for run in runs["photographs"]:
        assert _alone_in_a_split(run.examples, EXAMPLES.photo_ids)
    for run in runs["groups"]:
        assert _alone_in_a_split(run.examples, group_ids)


def test_every_training_has_a_key_of_its_own() -> None:
    digests = [run.examples.digest for ways in _runs().values() for run in ways]
    assert len(set(digests)) == 6
    assert {run.examples.dataset for run in _runs()["images"]} == {EXAMPLES.digest}


@pytest.mark.usefixtures("small_network")
def test_runs_are_trained_once_and_scored_on_all_copies(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    stores = (
        BackboneWeights(tmp_path),
        Trainings(tmp_path / "trainings"),
        Runs(),
        ModelInputs(tmp_path / "arrays", 10**9),
    )
    tables = [train_runs(runs, *stores) for runs in _runs().values()]
    again = train_runs(_runs()["images"], *stores)
    pd.testing.assert_frame_equal(again, tables[0])
    assert sum("found, not trained again" in line for line in caplog.messages) == 2
    photographs = tables[1].set_index(["scored_on", "seed"])["images"]
    assert photographs["all copies"].tolist() == [16, 16]
    assert photographs["photographs"].tolist() == [4, 4]
    scores, differences, _ = compare_ways(*tables)
    assert len(scores) == 12
    assert len(differences) == 6
    assert "split by images instead of by groups, scored on photographs" in caplog.text


def test_the_pipeline_ends_in_tables_and_a_figure() -> None:
    assert create_pipeline().outputs() == {
        "leakage_scores",
        "leakage_differences",
        "leakage_chart",
    }
