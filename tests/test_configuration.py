from pathlib import Path
from typing import Any

import pytest
import yaml

from kigezi.configuration import (
    check_environment,
    default_loader,
    environment_changes,
    load_parameters,
)
from kigezi.errors import ConfigurationError
from kigezi.plan import apply_changes
from tests.conftest import environments, make_loader
from tests.projects import PROJECT

TUNE = "conf/base/parameters_tune.yml"
BROKEN: list[tuple[str, Any, tuple[str, ...]]] = [
    ("image.sise", 96, ("image.sise", "size, fit", "did you mean size?")),
    ("image.size", "big", ("'big'", "from 32 to 1024")),
    ("image.size", 96.5, ("96.5", "whole number")),
    ("image.size", 31, ("31", "greater than or equal to 32")),
    ("image.fit", "stretch", ("'stretch'", "crop, pad or squash")),
    ("ingest.split.test", 0.9, ("0.9", "from 0.05 to 0.4")),
    ("ingest.groups.hash_distance", 17, ("17", "from 0 to 16")),
    ("ingest.groups.number_gap", -1, ("-1", "from 0 (none) to 100")),
    ("ingest.groups.likeness", 0, ("0", "above 0 (chance), up to 1")),
    ("ingest.groups.likeness_of_neighbours", 1.1, ("1.1", "up to 1")),
    ("ingest.groups.burst_seconds", -1, ("-1", "to 3600, or null")),
    ("ingest.groups.series", "leaf(", ("'leaf('", "no regular expression")),
    ("ingest.groups.series", "leaf", ("'leaf'", "part in parentheses")),
    ("ingest.groups.largest", 0, ("0", "largest fraction of a class")),
    ("ingest.groups.large", 0.1, ("not known", "did you mean largest?")),
    ("ingest.source", "", ("''", "folder")),
    ("export.risk", 0, ("0", "above 0 and below 1")),
    ("export.budgets.points_lost.int8", 101, ("101", "from 0 to 100")),
    ("export.budgets.points_lost.int9", 1, ("not known", "did you mean int8?")),
    ("export.unknown.drawn", 5, ("5", "from 20 to 10000")),
    ("predict.model", "int4", ("'int4'", "float32, float16 or int8")),
    ("app.texts", "", ("''", "translation")),
    ("diff.old", "", ("''", "data/04_feature/augmented")),
    ("diff.newer", "2026", ("not known", "did you mean new?")),
    ("augment.zoom", [1.2, 0.9], ("[1.2, 0.9]", "first number should not be above")),
    ("augment.zoom", [1, 99], ("99", "from 0.1 to 10")),
    ("augment.rotation", None, ("None", "degrees")),
    ("quality.outlier", 0, ("0", "from 1 to 100")),
    ("quality.compared_with", "all", ("'all'", "its class, or the whole dataset")),
    ("quality.most_clipped", 50, ("50", "from 0 to 1")),
    ("tune.baseline.unfreeze", 200, ("200", "none, all, or a whole number")),
    ("tune.baseline.alpha", 0.4, ("0.4", "0.35, 0.5, 0.75")),
    ("tune.baseline.learning_rate", "fast", ("'fast'", "number")),
    ("tune.baseline.learning_rate", float("nan"), ("nan", "finite")),
    ("tune.stages.freeze.top_10.unfreeze", 200, ("200", "1 to 154")),
    ("tune.stages.freeze.top_10.unfreeze", None, ("None", "none, all")),
    ("tune.stages.freeze.top_10.epoch", 3, ("not known", "did you mean epochs?")),
    ("tune.stages.batch_size.batch_16", 16, ("16",)),
    ("tune.stages.freeze.strong.epochs", 0, ("0", "from 1 to 10000")),
]


@pytest.mark.parametrize("environment", environments())
def test_every_environment_makes_recipes(environment: str) -> None:
    tune = load_parameters(make_loader(PROJECT / "conf", environment)).tune
    for stage in tune.stages.root.values():
        for changes in stage.root.values():
            recipe = apply_changes(tune.baseline, changes)
            stated = changes.model_dump(exclude_unset=True)
            assert recipe.model_dump().items() >= stated.items()


def test_the_environments_are_found() -> None:
    assert {"base", "demo", "quick"} <= set(environments())


@pytest.mark.parametrize(("key", "value", "words"), BROKEN)
def test_a_mistake_in_params(
    conf: Path, key: str, value: Any, words: tuple[str, ...]
) -> None:
    sentence = _mistake(conf, **_nested(key, value))
    assert sentence.startswith(f"--params: {key} ")
    assert all(word in sentence for word in words), sentence


@pytest.mark.parametrize(("key", "value", "words"), BROKEN)
def test_a_mistake_in_a_file(
    conf: Path, key: str, value: Any, words: tuple[str, ...]
) -> None:
    path = conf / "local" / "parameters_mine.yml"
    path.write_text(yaml.safe_dump(_nested(key, value)))
    sentence = _mistake(conf)
    assert sentence.startswith(f"conf/local/parameters_mine.yml: {key} ")
    assert all(word in sentence for word in words), sentence


@pytest.mark.parametrize("name", ["Top_10", "top-10", "10_top", "x" * 41, 16])
def test_a_bad_name_of_a_variant(conf: Path, name: str | int) -> None:
    _set(conf, "tune", {"stages": {"freeze": {name: {}}}})
    sentence = _mistake(conf)
    assert "tune.stages.freeze" in sentence
    assert str(name) in sentence
    assert "a name is lower-case letters, digits and _" in sentence


def test_an_empty_stage(conf: Path) -> None:
    _set(conf, "tune", {"stages": {"mine": {}}})
    assert _mistake(conf) == (
        "conf/local/parameters_tune.yml: tune.stages.mine is empty, but needs at least "
        "one entry."
    )


def test_a_missing_key(conf: Path) -> None:
    path = conf / "base" / "parameters_image.yml"
    path.write_text("image:\n  size: 96\n")
    assert _mistake(conf) == "conf/base/parameters_image.yml: image.fit is missing."


def test_a_misspelt_key_comes_before_the_key_that_it_misses(conf: Path) -> None:
    path = conf / "base" / "parameters_export.yml"
    path.write_text(path.read_text().replace("refused:", "refuse:"))
    (conf / "local").mkdir(exist_ok=True)
    _set(conf, "export", {"risk": 0.1})
    said = _mistake(conf)
    assert said.startswith("conf/base/parameters_export.yml: export.refuse is not")
    assert "did you mean refused?" in said
    path.write_text(path.read_text().replace("refuse:", "# refuse:"))
    said = _mistake(conf)
    assert said == "conf/base/parameters_export.yml: export.refused is missing."


def test_further_mistakes_are_counted(conf: Path) -> None:
    sentence = _mistake(conf, image={"size": 1, "fit": "x"})
    assert sentence.endswith("(1 more like this follow.)")


def test_a_block_that_is_not_known(conf: Path) -> None:
    sentence = _mistake(conf, tunes={"baseline": {}})
    assert "tunes is not known; allowed are image, ingest, augment, tune" in sentence


@pytest.mark.parametrize("text", ["seed: -1", "workers: 0", "study: My study", "x: 1"])
def test_a_mistake_in_globals(conf: Path, text: str) -> None:
    key = text.partition(":")[0]
    (conf / "local" / "globals.yml").write_text(text)
    assert _mistake(conf).startswith(f"conf/local/globals.yml: {key} ")


@pytest.mark.parametrize("text", ["a: [1", "a: 1\na: 2", "a: ${globals:nothing}"])
def test_yaml_that_cannot_be_read(conf: Path, text: str) -> None:
    (conf / "local" / "parameters_mine.yml").write_text(text)
    assert len(_mistake(conf)) > 20


def test_an_environment_that_is_not_there(conf: Path) -> None:
    with pytest.raises(ConfigurationError) as error:
        check_environment(make_loader(conf, "dmeo"))
    assert "no environment 'dmeo' in conf/" in error.value.message
    assert "did you mean demo?" in error.value.message


def test_null_drops_a_variant_and_a_stage(conf: Path) -> None:
    _set(conf, "tune", {"stages": {"freeze": {"top_10": None}, "optimizer": None}})
    stages = load_parameters(make_loader(conf)).tune.stages.root
    assert "top_10" not in stages["freeze"].root
    assert "optimizer" not in stages
    assert "tune.stages" not in str(environment_changes(make_loader(conf)))
    (said,) = environment_changes(make_loader(conf))
    assert said.startswith("left out: freeze.top_10, optimizer.sgd")


def test_runtime_parameters_win_and_are_said(conf: Path) -> None:
    _set(conf, "tune", {"baseline": {"epochs": 7}})
    loader = make_loader(conf, tune={"baseline": {"epochs": 3}})
    parameters = load_parameters(loader)
    assert parameters.tune.baseline.epochs == 3
    assert parameters.tune.baseline.patience == 5
    assert environment_changes(loader) == ["tune.baseline.epochs: 100 -> 3"]


def test_base_changes_nothing_of_itself(conf: Path) -> None:
    assert environment_changes(make_loader(conf)) == []


def test_a_new_variant_is_said(conf: Path) -> None:
    _set(conf, "tune", {"stages": {"freeze": {"top_40": {"unfreeze": 40}}}})
    changes = environment_changes(make_loader(conf))
    assert changes == ["tune.stages.freeze.top_40.unfreeze: 40 (new)"]


def test_the_loader_without_a_context(
    conf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEDRO_ENV", "demo")
    loader = default_loader(conf.parent)
    assert load_parameters(loader).tune.baseline.weights == "bundled"
    monkeypatch.delenv("KEDRO_ENV")
    assert load_parameters(default_loader(conf.parent)).image.size == 224


def _mistake(conf: Path, **runtime_params: Any) -> str:
    with pytest.raises(ConfigurationError) as error:
        load_parameters(make_loader(conf, **runtime_params))
    assert "\n" not in error.value.message
    return error.value.message


def _set(conf: Path, block: str, values: dict[str, Any]) -> None:
    path = conf / "local" / f"parameters_{block}.yml"
    path.write_text(yaml.safe_dump({block: values}))


def _nested(key: str, value: Any) -> dict[str, Any]:
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


def test_an_environment_needs_folders_of_its_own(conf: Path) -> None:
    (conf / "mine").mkdir()
    with pytest.raises(ConfigurationError) as error:
        load_parameters(make_loader(conf, "mine"))
    assert error.value.message.startswith("conf/mine/globals.yml: study is missing")
    (conf / "mine" / "globals.yml").write_text("study: mine\n")
    assert load_parameters(make_loader(conf, "mine"))
