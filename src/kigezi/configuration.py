"""Read and check the parameters; every mistake becomes one plain sentence."""

import difflib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from kedro.config import AbstractConfigLoader, OmegaConfigLoader
from kedro.framework.project import settings
from kedro.utils import find_kedro_project
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel, ValidationError

from kigezi.errors import ConfigurationError
from kigezi.schemas import Globals, Parameters

Location = tuple[int | str, ...]


def load_parameters(loader: AbstractConfigLoader) -> Parameters:
    """Read every parameter and check its name, type and range.

    Args:
        loader: Kedro's configuration loader, with its environment and `--params`.

    Raises:
        ConfigurationError: The first mistake, as file, key, value and what is allowed.
    """
    check_environment(loader)
    try:
        global_values, values = loader["globals"], loader["parameters"]
    except (yaml.YAMLError, OmegaConfBaseException, ValueError) as error:
        raise ConfigurationError(_one_line(error)) from None
    validate(Globals, global_values, loader, "globals*")
    return validate(Parameters, values, loader, "parameters*")


def default_loader(project: Path | None = None) -> OmegaConfigLoader:
    """The configured loader where Kedro has not made a context (Viz, the registry)."""
    project = project or find_kedro_project(Path.cwd()) or Path.cwd()
    return settings.CONFIG_LOADER_CLASS(
        conf_source=str(project / settings.CONF_SOURCE),
        env=os.environ.get("KEDRO_ENV"),
        **settings.CONFIG_LOADER_ARGS,
    )


def check_environment(loader: AbstractConfigLoader) -> None:
    """Refuse an environment that has no folder: Kedro would run `base` silently."""
    folder = Path(loader.conf_source)
    if loader.env is None or not folder.is_dir() or (folder / loader.env).is_dir():
        return
    known = sorted(path.name for path in folder.iterdir() if path.is_dir())
    raise ConfigurationError(
        f"there is no environment '{loader.env}' in {folder.name}/; "
        f"use one of {', '.join(known)}{_closest(loader.env, known)}."
    )


def validate(
    model: type[BaseModel], values: Any, loader: AbstractConfigLoader, pattern: str
) -> Any:
    """The values as the model, or one sentence about the first mistake in them.

    Args:
        pattern: Which configuration files hold the values, as in `parameters*`.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first, *more = error.errors()
        sentence = _sentence(model, first, loader, pattern)
        count = f" ({len(more)} more like this follow.)" if more else ""
        raise ConfigurationError(sentence + count) from None


def environment_changes(loader: AbstractConfigLoader) -> list[str]:
    """What environment and `--params` change of `base`, as lines `key: old -> new`.

    The files are read as they are, for a second loader would take over Kedro's
    resolvers, which are global: `${globals:...}` would then mean `base` everywhere.
    """
    before = _flat_files(loader, "base")
    after = _flat_files(loader, loader.env or "local")
    after |= dict(_flatten(loader.runtime_params or {}))
    changed = [
        f"{key}: {before[key]} -> {value}" if key in before else f"{key}: {value} (new)"
        for key, value in after.items()
        if value is not None and before.get(key) != value
    ]
    gone = [
        variant
        for variant in _variants(before)
        if after.get(f"tune.stages.{variant}", variant) is None
        or after.get(f"tune.stages.{variant.split('.')[0]}", variant) is None
    ]
    return [*changed, *([f"left out: {', '.join(gone)}"] if gone else [])]


def _flat_files(loader: AbstractConfigLoader, environment: str) -> dict[str, Any]:
    """Parameters and globals of one environment, by their whole key."""
    folder = Path(loader.conf_source, environment)
    paths = [*folder.rglob("globals.y*ml"), *folder.rglob("parameters*.y*ml")]
    values: dict[str, Any] = {}
    for path in sorted(paths):
        values |= _flatten(yaml.safe_load(path.read_text("utf-8")) or {})
    return values


def _variants(values: Mapping[str, Any]) -> list[str]:
    """Variants that stand in flattened parameters, as `freeze.top_10`."""
    prefix = "tune.stages."
    keys = [key.removeprefix(prefix) for key in values if key.startswith(prefix)]
    return list(dict.fromkeys(".".join(key.split(".")[:2]) for key in keys))


def _flatten(values: Mapping[str, Any], above: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flatten(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _sentence(
    model: type[BaseModel], error: Any, loader: AbstractConfigLoader, pattern: str
) -> str:
    location = _keys_only(error["loc"])
    key = ".".join(map(str, location))
    where = _find_file(location, loader, pattern)
    if error["type"] == "extra_forbidden":
        known = _known_keys(model, location[:-1])
        guess = _closest(str(location[-1]), known)
        return f"{where}: {key} is not known; allowed are {', '.join(known)}{guess}."
    if error["type"] == "missing":
        return f"{where}: {key} is missing."
    if error["type"] == "too_short":
        return f"{where}: {key} is empty, but needs at least one entry."
    problem = error["msg"].removeprefix("Value error, ").replace("Input", "it")
    if "pattern" in error["type"] or "[key]" in error["loc"]:
        problem = "a name is lower-case letters, digits and _, beginning with a letter"
    meaning = _meaning(model, location)
    return f"{where}: {key} is {error['input']!r}, but {problem}{meaning}."


def _keys_only(location: Location) -> Location:
    """Pydantic adds the tried type to a union's location; a user wrote no such key."""
    types = ("int", "str", "[key]")
    kinds = ("literal[", "function-", "constrained-", "tuple[")
    return tuple(
        part
        for part in location
        if isinstance(part, str) and part not in types and not part.startswith(kinds)
    )


def _field(model: Any, location: Location) -> Any:
    """The JSON schema of a key, or nothing where no model describes it."""
    schema = model.model_json_schema()
    node = schema
    for part in location:
        node = _resolve(schema, node)
        named = node.get("properties", {}).get(part)
        patterns = list(node.get("patternProperties", {}).values())
        node = named or next(iter(patterns), node.get("additionalProperties"))
        if not isinstance(node, dict):
            return {}
    return node


def _resolve(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    for option in (node, *node.get("anyOf", [])):
        if "$ref" in option:
            return _resolve(schema, schema["$defs"][option["$ref"].split("/")[-1]])
    return node


def _known_keys(model: type[BaseModel], location: Location) -> list[str]:
    schema = model.model_json_schema()
    return list(
        _resolve(schema, _field(model, location) or schema).get("properties", {})
    )


def _meaning(model: type[BaseModel], location: Location) -> str:
    description = _field(model, location).get("description", "")
    return f" ({description})" if description else ""


def _closest(name: str, known: list[str]) -> str:
    match = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {match[0]}?)" if match else ""


def _find_file(location: Location, loader: AbstractConfigLoader, pattern: str) -> str:
    """The file that sets a key, or else the one that sets most of the way to it."""
    runtime = loader.runtime_params or {}
    if location and _depth(runtime, location) == len(location):
        return "--params"
    folder = Path(loader.conf_source)
    best, found = 0, folder.name
    for environment in (loader.env or "local", "base"):
        for path in sorted((folder / environment).rglob(f"{pattern}.y*ml")):
            depth = _depth(yaml.safe_load(path.read_text("utf-8")) or {}, location)
            if depth > best:
                best, found = depth, path.relative_to(folder.parent).as_posix()
    return found


def _depth(values: Any, location: Location) -> int:
    """How many keys of the location stand in the values."""
    for depth, part in enumerate(location):
        if not isinstance(values, Mapping) or part not in values:
            return depth
        values = values[part]
    return len(location)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
