import pytest

from kigezi.pipeline_registry import MAIN, maker_of, register_pipelines
from kigezi.plan import use_loader
from tests.conftest import make_loader
from tests.projects import PROJECT


@pytest.fixture(autouse=True)
def _demo() -> None:
    use_loader(make_loader(PROJECT / "conf", "demo"))


def test_the_default_is_the_sum_of_the_four() -> None:
    pipelines = register_pipelines()
    assert set(pipelines) >= {*MAIN, "__default__"}
    names = [{node.name for node in pipelines[name].nodes} for name in MAIN]
    default = [node.name for node in pipelines["__default__"].nodes]
    assert set(default) == set.union(*names)
    assert len(default) == sum(map(len, names))


@pytest.mark.parametrize(
    "name",
    [
        *("pretrain", "quality", "verify", "diff", "leakage"),
        *("search", "export", "predict"),
    ],
)
def test_what_is_asked_for_by_name_is_not_in_the_default(name: str) -> None:
    pipelines = register_pipelines()
    default = {node.name for node in pipelines["__default__"].nodes}
    assert pipelines[name].nodes
    assert not default & {node.name for node in pipelines[name].nodes}


def test_the_default_runs_in_the_order_of_the_study() -> None:
    default = [node.name for node in register_pipelines()["__default__"].nodes]
    steps = ["survey_photographs", "augment_photographs", "report.build_leaderboard"]
    places = [default.index(step) for step in steps]
    training = [place for place, name in enumerate(default) if ".train_" in name]
    assert places[0] < places[1] < min(training) <= max(training) < places[2]


def test_the_default_needs_only_what_is_in_the_repository() -> None:
    inputs = register_pipelines()["__default__"].inputs()
    plain = {name for name in inputs if not name.startswith("params:")}
    stores = {
        *("greys", "compared", "model_inputs", "backbone_weights", "trainings"),
        "tracking",
    }
    # Kedro and the project's hook give the last two.
    assert plain == {"photographs", "paper", *stores, "parameters", "command"}


def test_the_registry_follows_the_environment() -> None:
    names = {node.name for node in register_pipelines()["tune"].nodes}
    assert "tune.epochs.train_epochs_4" in names
    assert "tune.freeze.train_top_10" not in names


@pytest.mark.parametrize(
    ("dataset", "maker"),
    [
        ("ledger", "ingest"),
        ("augmented", "augment"),
        ("tune.freeze.winner", "tune"),
        ("tune.final.final_model.trial", "tune"),
        ("leaderboard", "report"),
        ("exported", "export"),
        ("paper", None),
        ("tune.freeze.top_99.trial", None),
    ],
)
def test_makers(dataset: str, maker: str | None) -> None:
    assert maker_of(dataset) == maker


def test_what_workers_train_has_an_assignment() -> None:
    # DaskRunner sends nodes with this tag to workers, by their assignment.
    for pipeline in register_pipelines().values():
        for node in pipeline.only_nodes_with_tags("training").nodes:
            assignments = [name for name in node.inputs if name.endswith("assignment")]
            assert len(assignments) == 1, node.name
