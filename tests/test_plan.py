import pytest
import yaml

from kigezi.configuration import load_parameters
from kigezi.plan import (
    Plan,
    apply_changes,
    budgets,
    costliest_study,
    lineage,
    read_plan,
    use_loader,
)
from kigezi.schemas import Changes, Protocol
from tests.conftest import make_loader, make_recipe, make_tune
from tests.projects import PROJECT

STAGES = {
    "freeze": {"head_only": {}, "top_10": {"unfreeze": 10}},
    "rate": {"lr_1": {"learning_rate": 0.1}, "lr_2": {"learning_rate": 0.2}},
    "epochs": {"epochs_9": {"epochs": 9}, "epochs_3": {"epochs": 3}},
}


def test_the_plan_keeps_the_order_of_the_yaml() -> None:
    use_loader(make_loader(PROJECT / "conf", "demo"))
    plan = read_plan()
    assert next(iter(plan.stages)) == "freeze"
    assert plan.stages["freeze"] == ("head_only", "top_20", "entire_network")
    assert plan.stages["epochs"] == ("epochs_4", "epochs_8", "epochs_12")


def test_the_plan_without_a_context(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    monkeypatch.setenv("KEDRO_ENV", "quick")
    assert "epochs_8" in read_plan().stages["epochs"]


def test_the_plan_of_runtime_parameters() -> None:
    stages = {"freeze": {"top_40": {"unfreeze": 40}}}
    use_loader(make_loader(PROJECT / "conf", tune={"stages": stages}))
    assert read_plan().stages["freeze"][-1] == "top_40"


def test_changes_leave_the_base_alone() -> None:
    base = make_recipe()
    before = base.model_dump_json()
    changed = apply_changes(base, Changes(unfreeze=10, learning_rate=0.5))
    assert (changed.unfreeze, changed.learning_rate) == (10, 0.5)
    assert changed.epochs == base.epochs
    assert base.model_dump_json() == before


def test_no_change_is_the_same_recipe() -> None:
    assert apply_changes(make_recipe(), Changes()) == make_recipe()


def test_nothing_unfrozen_has_no_batch_norm_to_train() -> None:
    base = make_recipe(batch_norm="train")
    closed = apply_changes(base, Changes(unfreeze="none"))
    assert closed.effective_batch_norm == "frozen"
    opened = apply_changes(closed, Changes(unfreeze=10))
    assert opened.effective_batch_norm == "train"


def _lineage(count: int, **changes: object) -> str:
    return lineage(make_tune({**STAGES, **changes}), count)


def test_lineage_depends_on_exactly_the_stages_before() -> None:
    other = {"lr_1": {"learning_rate": 0.3}}
    assert _lineage(1, rate=other) == _lineage(1)
    assert _lineage(2, rate=other) != _lineage(2)
    assert _lineage(3, rate=other) != _lineage(3)
    assert len({_lineage(count) for count in range(4)}) == 4


def test_lineage_depends_on_baseline_and_names() -> None:
    assert lineage(make_tune(STAGES, learning_rate=0.1), 1) != _lineage(1)
    assert lineage(make_tune(STAGES, seeds=[1, 2]), 1) != _lineage(1)
    renamed = {"head": {}, "top_10": {"unfreeze": 10}}
    assert _lineage(1, freeze=renamed) != _lineage(1)


def test_lineage_depends_on_order_for_ties_go_to_the_first() -> None:
    swapped = dict(reversed(STAGES["freeze"].items()))
    assert _lineage(1, freeze=swapped) != _lineage(1)


def test_lineage_is_the_same_after_a_round_trip_through_yaml() -> None:
    again = yaml.safe_load(yaml.safe_dump(STAGES, sort_keys=False))
    assert _lineage(3, **again) == _lineage(3)


def test_budgets_are_all_numbers_of_epochs() -> None:
    assert budgets(make_tune(STAGES, epochs=5)) == (3, 5, 9)


def test_every_variant_is_counted_with_every_seed() -> None:
    stages = {"freeze": STAGES["freeze"], "rate": STAGES["rate"]}
    recipes = costliest_study(make_tune(stages, [4, 5]), lambda r: r.opened_layers)
    tried = [(r.opened_layers, r.learning_rate, r.seed) for r in recipes]
    assert tried == [
        *((depth, 1e-3, seed) for depth in (0, 10) for seed in (4, 5)),
        *((10, rate, seed) for rate in (0.1, 0.2) for seed in (4, 5)),
    ]


def test_a_plan_is_names_only() -> None:
    plan = Plan.of(make_tune(STAGES))
    assert plan.stages == {name: tuple(stage) for name, stage in STAGES.items()}


def test_the_protocol_is_part_of_the_lineage_unless_it_is_honest() -> None:
    honest = make_tune(STAGES)
    other = honest.model_copy(update={"protocol": Protocol(choose_on="test")})
    assert lineage(other, 1) != lineage(honest, 1)
    # Of before there was a protocol: finished studies are still found.
    assert lineage(honest, 3).startswith("28e9d8a59f1d3a3e")


def test_as_published_differs_in_what_it_says() -> None:
    loader = make_loader(PROJECT / "conf", "as_published")
    tune = load_parameters(loader).tune
    assert tune.protocol == Protocol(split="images", choose_on="test")
    assert tune.baseline.batch_norm == "train"
    assert load_parameters(make_loader(PROJECT / "conf", "base")).tune.protocol.honest
