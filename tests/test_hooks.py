import logging
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node, Pipeline
from mlflow.server.security_utils import (
    get_allowed_hosts_from_env,
    is_allowed_host_header,
)

from kigezi import mlflow_settings
from kigezi.configuration import load_parameters
from kigezi.context import ProjectContext
from kigezi.datasets.tracking import TrackingDataset
from kigezi.errors import ConfigurationError, DataError
from kigezi.hooks import ProjectHooks
from kigezi.pipelines import augment, tune
from kigezi.plan import Plan, read_plan
from kigezi.records import ingest_digest
from tests.conftest import make_loader

TUNE = tune.create_pipeline(Plan({"freeze": ("head_only",)}))


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TrackingDataset, "server", None, raising=False)


def _context(
    conf: Path, env: str | None = None, **runtime_params: Any
) -> ProjectContext:
    return ProjectContext(
        project_path=conf.parent,
        config_loader=make_loader(conf, env, **runtime_params),
        env=env,
        package_name="kigezi",
        hook_manager=_create_hook_manager(),
    )


def _hooks(context: ProjectContext) -> ProjectHooks:
    hooks = ProjectHooks()
    hooks.after_context_created(context)
    return hooks


def _mlflow(conf: Path, text: str) -> None:
    (conf / "local" / "mlflow.yml").write_text(text)


def test_the_context_decides_the_plan(conf: Path) -> None:
    (conf / "local" / "parameters_mine.yml").write_text(
        "tune: {stages: {freeze: {top_40: {unfreeze: 40}}}}"
    )
    _context(conf)
    assert read_plan().stages["freeze"][-1] == "top_40"


def test_a_broken_parameter_stops_before_pipelines_are_built(conf: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"--params: image\.size is 1,"):
        _hooks(_context(conf, image={"size": 1}))


def test_a_broken_mlflow_file(conf: Path) -> None:
    context = _context(conf)
    _mlflow(conf, "tracking: {experiment: {names: x}}")
    _hooks(context)
    with pytest.raises(ConfigurationError, match=r"conf/local/mlflow\.yml.*names"):
        TrackingDataset.server()


def test_a_local_database_lies_in_the_project(conf: Path) -> None:
    _hooks(_context(conf))
    server = TrackingDataset.server()
    assert server.uri == f"sqlite:///{conf.parent.as_posix()}/mlflow.db"
    assert server.experiment == "kigezi"
    artifacts = conf.parent / "data" / "08_reporting" / "mlflow"
    assert server.artifact_location == artifacts.as_uri()


@pytest.mark.parametrize("uri", ["http://server:5000", "sqlite:////somewhere/else.db"])
def test_another_server_is_taken_as_it_is(conf: Path, uri: str) -> None:
    _mlflow(conf, f"server: {{mlflow_tracking_uri: '{uri}'}}")
    _hooks(_context(conf))
    server = TrackingDataset.server()
    assert server.uri == uri
    # A server keeps its artifacts where it wants.
    assert (server.artifact_location is None) == uri.startswith("http")


def test_the_environment_may_name_the_server(
    conf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mlflow_settings, "_NAMED", "http://server:5000")
    _hooks(_context(conf, "demo"))
    assert TrackingDataset.server().uri == "http://server:5000"


def test_kedro_mlflow_finds_its_configuration(conf: Path) -> None:
    context = _context(conf)
    _hooks(context)
    assert context.mlflow.ui.port == "5000"
    assert Path(context.mlflow.server.mlflow_tracking_uri[10:]).is_absolute()


def test_the_pages_of_mlflow_answer_to_this_machine_only(
    conf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_SERVER_ALLOWED_HOSTS", raising=False)
    context = _context(conf)
    _hooks(context)
    assert context.mlflow.ui.host == "127.0.0.1"
    allowed = get_allowed_hosts_from_env()
    asked = ["127.0.0.1:5000", "localhost:81", "evil.com", "10.evil.com", "10.0.0.1:80"]
    answered = [host for host in asked if is_allowed_host_header(allowed, host)]
    assert answered == ["127.0.0.1:5000", "localhost:81"]


@pytest.mark.parametrize(
    ("pipeline", "there", "maker"),
    [
        (augment.create_pipeline(), [], "ingest"),
        (TUNE, [], "ingest"),
        (TUNE, ["ledger"], "augment"),
        (TUNE.filter(node_names=["tune.final.keep_final_model"]), [], "tune"),
    ],
)
def test_a_missing_input_names_the_command(
    conf: Path, pipeline: Pipeline, there: list[str], maker: str
) -> None:
    hooks = _hooks(_context(conf, "demo"))
    stores = {
        "photographs",
        "model_inputs",
        "backbone_weights",
        "trainings",
        "tracking",
    }
    present = {name: MemoryDataset(1) for name in {*there, *stores}}
    if "tune.freeze.winner" in pipeline.inputs():
        present["tune.freeze.winner"] = MemoryDataset()
    with pytest.raises(DataError) as error:
        hooks.before_pipeline_run(pipeline, DataCatalog(present))
    assert f"run `kedro run --pipeline={maker}` first" in error.value.message
    assert "is not there yet" in error.value.message


@pytest.mark.parametrize("where", ["baseline", "stages.freeze.top_10"])
def test_missing_weights_stop_a_run_before_any_work(conf: Path, where: str) -> None:
    values: Any = {"weights": "gone.h5"}
    for part in reversed(f"tune.{where}".split(".")):
        values = {part: values}
    hooks = _hooks(_context(conf, "demo" if where == "baseline" else None, **values))
    stores = {name: MemoryDataset(1) for name in TUNE.inputs()}
    with pytest.raises(DataError, match=r"there is no such \.h5 file"):
        hooks.before_pipeline_run(TUNE, DataCatalog(stores))


def _reading(*names: str) -> tuple[Pipeline, DataCatalog]:
    """A pipeline that reads these, and a catalog that has them."""
    pipeline = Pipeline([Node(max, [*names], "found")])
    return pipeline, DataCatalog({name: MemoryDataset({}) for name in names})


def test_what_differs_from_base_is_said(
    conf: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hooks = _hooks(_context(conf, "demo", image={"size": 64}))
    with caplog.at_level(logging.INFO):
        hooks.before_pipeline_run(*_reading("params:image", "params:tune"))
    assert "conf/demo or --params: image.size: 224 -> 64" in caplog.messages
    assert any("left out: freeze.top_10" in message for message in caplog.messages)
    assert not any("search.trials" in message for message in caplog.messages)


def test_what_a_pipeline_never_reads_is_not_said(
    conf: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hooks = _hooks(_context(conf, "demo", predict={"source": "new"}))
    with caplog.at_level(logging.INFO):
        hooks.before_pipeline_run(*_reading("params:predict"))
    said = ["study: study -> demo", "predict.source: None -> new"]
    assert caplog.messages == [f"conf/demo or --params: {change}" for change in said]


def _run_on_ledger(hooks: ProjectHooks, made_with: str) -> None:
    ledger = pd.DataFrame({"made_with": [made_with]})
    stores = {name: MemoryDataset(1) for name in augment.create_pipeline().inputs()}
    stores["ledger"] = MemoryDataset(ledger)
    hooks.before_pipeline_run(augment.create_pipeline(), DataCatalog(stores))


def test_a_ledger_of_other_settings_is_refused(conf: Path) -> None:
    here, other = _context(conf), _context(conf, ingest={"split": {"seed": 7}})
    ingest = load_parameters(here.config_loader).ingest
    _run_on_ledger(_hooks(here), ingest_digest(ingest))
    with pytest.raises(DataError, match="run `kedro run --pipeline=ingest` first"):
        _run_on_ledger(_hooks(other), ingest_digest(ingest))


def test_a_mistake_in_mlflow_yml_stops_before_any_work(conf: Path) -> None:
    _mlflow(conf, "server: {mlflow_tracking_url: x}")
    stores = {name: MemoryDataset(1) for name in TUNE.inputs()}
    with pytest.raises(ConfigurationError, match="mlflow_tracking_url is not known"):
        _hooks(_context(conf)).before_pipeline_run(TUNE, DataCatalog(stores))


def test_an_address_of_mlflow_is_needed(conf: Path) -> None:
    _mlflow(conf, "server: {mlflow_tracking_uri: null}")
    _hooks(_context(conf))
    with pytest.raises(ConfigurationError, match="mlflow_tracking_uri is missing"):
        TrackingDataset.server()


def test_the_report_learns_what_was_typed(conf: Path) -> None:
    settings = {"ingest": {"source": "my photographs"}, "diff": {"old": None}}
    hooks = _hooks(_context(conf, "demo", **settings))
    catalog = DataCatalog({"command": MemoryDataset()})
    hooks.before_pipeline_run(
        Pipeline([Node(lambda command: command, "command", "told", name="tell")]),
        catalog,
    )
    assert catalog.load("command") == (
        "kedro run --env=demo '--params=ingest.source=my photographs,diff.old=null'"
    )
