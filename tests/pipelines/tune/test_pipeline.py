from kedro.io import CatalogConfigResolver
from kedro.pipeline import Pipeline

from kigezi.pipelines import augment, ingest, report, tune
from kigezi.plan import Plan
from tests.conftest import make_loader
from tests.projects import PROJECT

PLAN = Plan({"freeze": ("head_only", "top_10"), "rate": ("lr_1", "lr_2")})
PIPELINE = tune.create_pipeline(PLAN)
INPUTS = {
    "ledger",
    "augmented",
    "model_inputs",
    "backbone_weights",
    "trainings",
    "tracking",
    "params:image",
    "params:augment",
    "params:ingest",
    "params:tune",
}
OUTPUTS = {
    "time_estimate",
    *(
        f"tune.{stage}.{table}"
        for stage in ("freeze", "rate", "final")
        for table in ("comparison", "by_class")
    ),
    "final_model",
}
STAGE = ("open_examples", "split_examples", "resolve_recipes", "choose_winner")


def _names(pipeline: Pipeline) -> list[str]:
    return [node.name for node in pipeline.nodes]


def test_a_node_for_each_variant() -> None:
    expected = {"estimate_study"}
    expected |= {f"tune.final.{name}_final_model" for name in ("keep", "judge")}
    for stage, variants in PLAN.stages.items():
        expected |= {f"tune.{stage}.{name}" for name in STAGE}
        expected |= {f"tune.{stage}.train_{name}" for name in variants}
    assert set(_names(PIPELINE)) == expected


def test_inputs_and_outputs() -> None:
    assert PIPELINE.inputs() == INPUTS
    assert PIPELINE.outputs() == OUTPUTS


def test_the_time_is_estimated_before_any_training() -> None:
    names = _names(PIPELINE)
    training = [place for place, name in enumerate(names) if ".train_" in name]
    assert names.index("estimate_study") < min(training)
    assert len(PIPELINE.only_nodes_with_tags("training").nodes) == len(training) == 4


def test_a_stage_starts_from_the_winner_before() -> None:
    nodes = {node.name: node for node in PIPELINE.nodes}
    assert "tune.freeze.winner" in nodes["tune.rate.resolve_recipes"].inputs
    assert not any(
        "winner" in name for name in nodes["tune.freeze.resolve_recipes"].inputs
    )
    assert nodes["tune.final.keep_final_model"].inputs[0] == "tune.rate.winner"


def test_trials_are_compared_in_the_order_of_the_yaml() -> None:
    plan = Plan({"freeze": ("z", "a", "m")})
    nodes = {node.name: node for node in tune.create_pipeline(plan).nodes}
    _, *trials = nodes["tune.freeze.choose_winner"].inputs
    assert trials == [f"tune.freeze.{variant}.trial" for variant in "zam"]


def test_one_stage_alone_takes_the_stored_winner() -> None:
    stage = PIPELINE.filter(node_namespaces=["tune.rate"])
    assert stage.inputs() == INPUTS | {"tune.freeze.winner"}
    assert stage.outputs() == {
        f"tune.rate.{name}" for name in ("winner", "comparison", "by_class")
    }


def test_every_variant_ends_in_a_trial_that_its_stage_consumes() -> None:
    trials = {name for name in PIPELINE.all_outputs() if name.endswith(".trial")}
    assert len(trials) == 5
    assert trials <= PIPELINE.all_inputs()


def test_every_dataset_stands_in_the_catalog() -> None:
    study = sum(
        (ingest.create_pipeline(), augment.create_pipeline(), PIPELINE),
        report.create_pipeline(PLAN),
    )
    loader = make_loader(PROJECT / "conf")
    resolver = CatalogConfigResolver(loader["catalog"])
    for name in study.datasets():
        if not name.startswith("params:"):
            entry = resolver.resolve_pattern(name)
            assert entry.get("type"), f"{name} would fall back to Kedro's default"


def test_only_what_is_cheap_to_make_again_stays_in_memory() -> None:
    loader = make_loader(PROJECT / "conf")
    resolver = CatalogConfigResolver(loader["catalog"])
    in_memory = {
        name.rpartition(".")[2]
        for name in PIPELINE.all_outputs()
        if resolver.resolve_pattern(name)["type"] == "MemoryDataset"
    }
    assert in_memory == {"images", "examples", "assignment"}
    # Kedro would copy gigabytes of images otherwise.
    entry = resolver.resolve_pattern("tune.freeze.examples")
    assert entry["copy_mode"] == "assign"


def test_studies_do_not_share_their_results() -> None:
    paths = set()
    for environment in ("base", "demo"):
        loader = make_loader(PROJECT / "conf", environment)
        resolver = CatalogConfigResolver(loader["catalog"])
        for name in ("tune.freeze.a.trial", "tune.freeze.winner", "ledger"):
            entry = resolver.resolve_pattern(name)
            paths.add(entry.get("path") or entry["filepath"])
    assert len(paths) == 6
