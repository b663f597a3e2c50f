import io
import logging
import math
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kigezi.choosing import choose
from kigezi.datasets.model_inputs import ModelInputs
from kigezi.datasets.training_folder import Training as TrainingFolder
from kigezi.datasets.trainings import Trainings
from kigezi.datasets.weights import BackboneWeights
from kigezi.errors import DataError
from kigezi.learning.examples import Examples
from kigezi.photos.building import build_digest, kept_rows
from kigezi.pipelines.tune.nodes import (
    choose_winner,
    choose_winner_after,
    estimate_study,
    judge_final_model,
    keep_final_model,
    open_examples,
    resolve_recipes,
    split_examples,
    train_variant,
)
from kigezi.plan import lineage
from kigezi.records import Assignment, Trial, Winner, digest_of
from kigezi.schemas import IngestParameters, Protocol, SplitParameters
from tests.answers import answered
from tests.conftest import (
    make_assignment,
    make_examples,
    make_failed,
    make_recipe,
    make_result,
    make_trial,
    make_tune,
)
from tests.pictures import (
    augment_parameters,
    encoded,
    image_parameters,
    picture,
)

STAGES = {
    "freeze": {"head_only": {}, "top_10": {"unfreeze": 10}},
    "rate": {"lr_1": {"learning_rate": 0.1}, "lr_2": {"learning_rate": 0.2}},
    "epochs": {"epochs_9": {"epochs": 9}},
}
TUNE = make_tune(STAGES)
LEDGER = pd.DataFrame(
    {
        "path": ["a/1", "a/2", "b/1", "b/2", "a/bad"],
        "photo_id": ["p1", "p2", "p3", "p4", "p5"],
        "label": ["light", "light", "dark", "dark", "light"],
        "split": ["train", "test", "train", "validation", None],
        "status": ["kept"] * 4 + ["quarantined"],
        "group_id": ["g1", "g2", "g3", "g4", ""],
    }
)
AUGMENT = augment_parameters(copies=1)
IMAGE = image_parameters(32)
EXAMPLES = make_examples()


class Version:
    """An augmented dataset in memory, and the store that holds it."""

    def __init__(self, side: int = 32) -> None:
        kept = LEDGER[LEDGER["status"] == "kept"]
        self.digest = build_digest(kept, IMAGE, AUGMENT)
        copies = pd.DataFrame({"copy": [0, 1]})
        self.manifest = kept.merge(copies, how="cross")
        names = self.manifest["photo_id"] + "_" + self.manifest["copy"].astype(str)
        self.manifest["path"] = names
        self.side = side
        self.reads = self.checks = 0

    def version(self, digest: str) -> "Version":
        assert digest == self.digest
        return self

    def check(self) -> None:
        self.checks += 1

    def read(self, path: str) -> bytes:
        self.reads += 1
        return encoded(picture(int(path[1]), (self.side, self.side)))


class Runs:
    """A tracking that remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[Any] = []

    def begin(self, assignment: Assignment, dataset: str, key: str) -> "Runs":
        self.said.append(assignment.name)
        return self

    def __enter__(self) -> "Runs":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind:
            self.said.append(kind.__name__)

    def epoch(self, epoch: Any) -> None:
        self.said.append(epoch.epoch)

    def finish(self, trial: Trial, plot: Any, model: Path) -> None:
        assert model.is_file() or trial.result.status == "failed"
        self.said += [sorted(plot()), trial.result.status]

    def finish_study(self, assignment: Assignment, dataset: str) -> None:
        self.said.append("end")


def _open(store: Version, folder: Path) -> Examples:
    return open_examples(LEDGER, store, ModelInputs(folder, 1e9), IMAGE, AUGMENT)


def test_examples_are_the_manifests_images(tmp_path: Path) -> None:
    store = Version()
    examples = _open(store, tmp_path)
    assert examples.classes == ("dark", "light")
    assert examples.labels.tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
    assert examples.copies.tolist() == [0, 1] * 4
    assert examples.photo_ids[:3].tolist() == ["p1", "p1", "p2"]
    assert examples.rows("train", all_copies=True).tolist() == [0, 1, 4, 5]
    with Image.open(io.BytesIO(store.read("p3_0"))) as image:
        np.testing.assert_array_equal(examples.images[4], np.asarray(image))
    assert store.reads == 8 + 1
    _open(store, tmp_path)
    assert store.reads == 8 + 1


def test_nothing_is_opened_that_leaks(tmp_path: Path) -> None:
    together = LEDGER.assign(group_id=["g1", "g1", "g3", "g4", ""])
    store = Version()
    with pytest.raises(DataError, match="a/1 and a/2 show one subject"):
        open_examples(together, store, ModelInputs(tmp_path, 1e9), IMAGE, AUGMENT)
    assert (store.checks, store.reads) == (1, 0)


SPLIT = IngestParameters.model_construct(
    split=SplitParameters(validation=0.2, test=0.2, seed=1)
)


def _split(**protocol: str) -> tuple[Examples, Examples]:
    examples = make_examples(train=12, held_out=4, copies=3)
    names = sorted(set(examples.photo_ids), key=lambda name: int(name[5:]))
    labels = [examples.classes[number % 2] for number in range(len(names))]
    ledger = pd.DataFrame({"photo_id": names, "label": labels, "group_id": names})
    tune = make_tune(STAGES).model_copy(update={"protocol": Protocol(**protocol)})
    return examples, split_examples(ledger.assign(status="kept"), examples, SPLIT, tune)


def test_photographs_keep_their_splits(caplog: pytest.LogCaptureFixture) -> None:
    examples, split = _split()
    assert split is examples
    assert _split(choose_on="test")[1].copies_count is False
    assert not caplog.records


def test_images_are_split_after_augmentation_only_where_it_is_asked_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    examples, split = _split(split="images")
    train, test = (split.rows(name, all_copies=True) for name in ("train", "test"))
    shared = set(split.photo_ids[train]) & set(split.photo_ids[test])
    assert len(shared) >= 10  # of 16 test images
    assert len(split.judged("test")) == len(test) == 16
    assert split.dataset == examples.digest != split.digest
    assert "accuracies are too good" in caplog.text


def test_an_image_of_another_size_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="broadcast"):
        _open(Version(side=40), tmp_path)


def test_the_first_stage_starts_from_the_baseline() -> None:
    assigned = resolve_recipes(TUNE, EXAMPLES)
    assert list(assigned) == ["head_only", "top_10"]
    assert assigned["top_10"].recipe == make_recipe(unfreeze=10)
    assert assigned["top_10"].base == make_recipe()
    assert assigned["top_10"].budgets == (2, 9)
    assert {one.name for one in assigned.values()} == {
        "freeze/head_only",
        "freeze/top_10",
    }


def _winner(**changes: Any) -> Winner:
    """The first stage's winner, as it is stored."""
    assigned = resolve_recipes(TUNE, EXAMPLES)["top_10"]
    result = make_result("top_10", 0.9).model_copy(update={"assignment": assigned})
    return choose([result]).model_copy(update=changes)


def test_the_next_stage_starts_from_the_winner() -> None:
    assigned = resolve_recipes(TUNE, EXAMPLES, _winner())
    assert list(assigned) == ["lr_1", "lr_2"]
    assert assigned["lr_2"].recipe == make_recipe(unfreeze=10, learning_rate=0.2)
    first = resolve_recipes(TUNE, EXAMPLES)["top_10"]
    assert assigned["lr_1"].plan == first.plan
    assert assigned["lr_1"].lineage != first.lineage


@pytest.mark.parametrize(
    ("changes", "what"),
    [({"dataset": "e" * 64}, "photographs"), ({"lineage": "x"}, "settings")],
)
def test_a_winner_of_another_study_is_refused(
    changes: dict[str, str], what: str
) -> None:
    with pytest.raises(DataError) as error:
        resolve_recipes(TUNE, EXAMPLES, _winner(**changes))
    assert f"not chosen with these {what}" in error.value.message
    assert "--namespaces=tune.freeze`" in error.value.message


def test_a_change_of_a_later_stage_keeps_the_winner() -> None:
    changed = make_tune({**STAGES, "rate": {"lr_3": {"learning_rate": 0.3}}})
    assert list(resolve_recipes(changed, EXAMPLES, _winner())) == ["lr_3"]


def test_every_variant_gets_the_studys_seeds() -> None:
    assert resolve_recipes(TUNE, EXAMPLES)["top_10"].seeds == (7,)
    assigned = resolve_recipes(make_tune(STAGES, [4, 5]), EXAMPLES)["top_10"]
    assert assigned.seeds == (4, 5)
    names = [assigned.with_seed(seed).name for seed in assigned.seeds]
    assert names == ["freeze/top_10 seed 4", "freeze/top_10 seed 5"]


def test_the_time_of_a_study_is_estimated(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Trainings(tmp_path)
    with caplog.at_level(logging.INFO):
        estimate = estimate_study(LEDGER, IMAGE, AUGMENT, TUNE, store)
    # head_only, top_10, and from top_10 on lr_1 and lr_2; epochs_9 is lr_1 again.
    assert estimate.trainings == 4
    assert 0 < estimate.forward_seconds < estimate.seconds
    assert "4 trainings on 4 images take at most about" in caplog.text


def test_nothing_is_measured_for_a_study_that_is_trained(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dataset = build_digest(kept_rows(LEDGER), IMAGE, AUGMENT)
    Trainings(tmp_path).mark_whole(digest_of([lineage(TUNE, 3), dataset]))
    with caplog.at_level(logging.INFO):
        estimate = estimate_study(LEDGER, IMAGE, AUGMENT, TUNE, Trainings(tmp_path))
    assert (estimate.trainings, estimate.seconds) == (0, 0)
    assert "Every training of this study is there already." in caplog.text
    other = make_tune(STAGES, learning_rate=0.9)
    assert estimate_study(LEDGER, IMAGE, AUGMENT, other, Trainings(tmp_path)).trainings


def _train(
    folder: Path,
    tracking: Runs,
    seeds: tuple[int, ...] = (7,),
    given_up: str = "",
    **changes: Any,
) -> Trial:
    update = {"seeds": seeds, "given_up": given_up}
    return train_variant(
        make_assignment(**changes).model_copy(update=update),
        EXAMPLES,
        BackboneWeights(folder),
        Trainings(folder),
        tracking,
        ModelInputs(folder / "arrays", 1e9),
    )


@pytest.mark.usefixtures("small_network")
def test_a_variant_is_trained_and_tracked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runs = Runs()
    with caplog.at_level(logging.INFO):
        trial = _train(tmp_path, runs)
    plots = ["confusion_matrix.png", "curves.png"]
    assert runs.said == ["freeze/head_only", 1, 2, plots, "finished"]
    assert "epoch 2 of 2" in caplog.text
    assert math.isfinite(trial.result.test.loss)
    again = Runs()
    with caplog.at_level(logging.INFO):
        assert _train(tmp_path, again).result == trial.result
    assert again.said == ["freeze/head_only", plots, "finished"]
    assert "(found, not trained again)" in caplog.text


@pytest.mark.usefixtures("small_network")
def test_a_variant_is_trained_with_every_seed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runs = Runs()
    with caplog.at_level(logging.INFO):
        result = _train(tmp_path, runs, seeds=(1, 2, 3)).result
    started = [said for said in runs.said if str(said).startswith("freeze")]
    assert started == [f"freeze/head_only seed {seed}" for seed in (1, 2, 3)]
    assert [repeat.seed for repeat in result.repeats] == [1, 2, 3]
    assert len({repeat.validation.loss for repeat in result.repeats}) == 3
    own = result.repeats[result.assignment.recipe.seed - 1]
    assert (own.validation, own.test) == (result.validation, result.test)
    assert "freeze/head_only: mean of 3 seeds and standard deviation" in caplog.text
    assert list(Trainings(tmp_path).find(result.key).predictions(result.best_epoch))


def test_a_variant_that_was_given_up_is_not_trained(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runs = Runs()
    trial = _train(tmp_path, runs, given_up="its worker died 3 times")
    assert runs.said == ["freeze/head_only", [], "failed"]
    assert trial.result.summary == "failed: its worker died 3 times"
    assert "freeze/head_only failed: its worker died 3 times" in caplog.text
    assert math.isnan(trial.result.test.accuracy)
    with pytest.raises(DataError, match="worker died"):
        trial.trained()


@pytest.mark.usefixtures("small_network")
def test_a_training_that_is_interrupted_leaves_its_run(tmp_path: Path) -> None:
    class Interrupted(Runs):
        def epoch(self, epoch: Any) -> None:
            raise KeyboardInterrupt

    runs = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        _train(tmp_path, runs)
    assert runs.said == ["freeze/head_only", "KeyboardInterrupt"]


@pytest.mark.usefixtures("small_network")
def test_memory_that_runs_out_fails_a_variant_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lack(*_: Any, **__: Any) -> None:
        raise MemoryError

    monkeypatch.setattr("kigezi.learning.trial.train", lack)
    trial = _train(tmp_path, Runs(), batch_size=4)
    assert trial.result.status == "failed"
    assert "out of memory: about" in trial.result.failure
    assert "lower batch_size (4)" in caplog.text
    monkeypatch.undo()


@pytest.mark.usefixtures("small_network")
def test_other_errors_are_not_taken_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr("kigezi.learning.trial.train", fail)
    with pytest.raises(ValueError, match="a bug"):
        _train(tmp_path, Runs())


@pytest.mark.usefixtures("small_network")
@pytest.mark.parametrize("kills", [1, 2])
def test_a_variant_that_was_killed_twice_is_given_up(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    kills: int,
) -> None:
    monkeypatch.setattr(TrainingFolder, "counting_kills", lambda _: nullcontext(kills))
    trial = _train(tmp_path, Runs())
    if kills == 1:
        assert trial.result.status == "finished"
        assert "it was killed 1 time(s)" in caplog.text
    else:
        assert "out of memory? (killed 2 times)" in trial.result.failure
        (kept,) = tmp_path.glob("*/decided_by.json")
        assert f"delete {kept.parent} to try again" in trial.result.failure


@pytest.mark.usefixtures("small_network")
def test_it_is_said_why_a_variant_is_trained(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        _train(tmp_path, Runs())
        _train(tmp_path, Runs(), learning_rate=0.01)
    assert "freeze/head_only is trained\n" in caplog.text
    changed = "this changed: recipe.learning_rate 0.001 -> 0.01"
    assert f"freeze/head_only is trained anew, for {changed}" in caplog.text


@pytest.mark.usefixtures("small_network")
def test_an_interrupted_variant_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Interrupted(Runs):
        def epoch(self, epoch: Any) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _train(tmp_path, Interrupted())
    with caplog.at_level(logging.INFO):
        _train(tmp_path, Runs())
    assert "freeze/head_only goes on after epoch 1" in caplog.text


@pytest.mark.usefixtures("small_network")
def test_a_damaged_checkpoint_is_trained_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = _train(tmp_path / "whole", Runs(), epochs=3)
    _train(tmp_path / "cut", Runs())
    (state,) = tmp_path.glob("cut/*/state_*.npz")
    state.write_bytes(state.read_bytes()[:-9])
    again = _train(tmp_path / "cut", Runs(), epochs=3)
    assert "is damaged, so that this training begins anew" in caplog.text
    assert again.result.test == whole.result.test


def _ledger(photographs: int = 4) -> pd.DataFrame:
    names = [f"p{number}" for number in range(photographs)]
    table = pd.DataFrame({"photo_id": names, "group_id": names, "status": "kept"})
    return pd.concat([table, table.assign(status="duplicate")])  # of the same bytes


def test_a_winner_is_chosen_and_compared(caplog: pytest.LogCaptureFixture) -> None:
    trials = [make_trial("a", 0.8), make_trial("b", 0.9), make_trial("c", math.nan)]
    with caplog.at_level(logging.INFO):
        winner, table, by_class = choose_winner(_ledger(), *trials)
    assert winner.variant == "b"
    assert table["variant"].tolist() == ["a", "b", "c"]
    assert table["winner"].tolist() == [False, True, False]
    assert by_class["variant"].tolist() == ["a", "a", "b", "b", "c", "c"]
    assert "3.3 standard errors above a" in caplog.text


def test_it_is_said_what_cannot_be_told(caplog: pytest.LogCaptureFixture) -> None:
    right = [number < 95 for number in range(100)]
    wrong = [number > 6 for number in range(100)]
    trials = [
        answered("a", right, learning_rate=1),
        answered("b", wrong, learning_rate=2),
        make_failed("c"),
    ]
    with caplog.at_level(logging.INFO):
        _, table, _ = choose_winner_after(
            _ledger(100), choose([trials[0].result]), *trials
        )
    assert "on the test photographs b cannot be told from the winner" in caplog.text
    assert "by some 1." in caplog.text
    assert table["against_winner"].tolist() == [
        "winner",
        "cannot be told",
        "not compared",
    ]
    assert table["choice_optimism"].nunique() == 1


def test_nobody_wins(caplog: pytest.LogCaptureFixture) -> None:
    trials = make_trial("a", 0.5), make_trial("b", math.nan)
    winner, table, _ = choose_winner(_ledger(), *trials)
    assert winner.recipe == make_recipe()
    assert not table["winner"].any()
    assert "its base is carried on" in caplog.text


def test_the_final_model_is_judged() -> None:
    table, by_class = judge_final_model(_ledger(), make_trial("b", 0.9))
    row = table.iloc[0]
    assert (row["winner"], row["against_winner"]) == (True, "not compared")
    assert row["test_low"] < row["test_accuracy"] < row["test_high"]
    assert by_class["recall"].tolist() == [0.5, 1]


@pytest.mark.usefixtures("small_network")
def test_the_last_winner_is_the_final_model(
    tmp_path: Path,
) -> None:
    result = _train(tmp_path, Runs(), learning_rate=0.1).result
    sure = result.validation.model_copy(update={"accuracy": 1.0})
    last = choose([result.model_copy(update={"validation": sure})])
    runs = Runs()
    model, trial = keep_final_model(last, Trainings(tmp_path), runs)
    assert model.startswith(b"PK")
    assert trial.result.assignment.name == "final/final_model"
    assert trial.result.test == result.test
    assert (runs.said[0], runs.said[-1]) == ("final/final_model", "end")
    plan = digest_of([trial.result.assignment.plan, trial.result.dataset])
    assert Trainings(tmp_path).has_whole(plan)


def test_no_final_model_without_a_winner(tmp_path: Path) -> None:
    nobody = choose([make_result("a", 0.5)])
    with pytest.raises(DataError, match="there is no final model: see each"):
        keep_final_model(nobody, Trainings(tmp_path), Runs())


@pytest.mark.usefixtures("small_network")
def test_a_smaller_budget_is_measured_and_not_trained(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _train(tmp_path, Runs(), epochs=3)
    with caplog.at_level(logging.INFO):
        _train(tmp_path, Runs(), epochs=2)
    assert "freeze/head_only is trained already, and is measured" in caplog.text
