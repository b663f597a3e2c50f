"""One plain sentence about a mistake in the configuration."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from kedro.config import AbstractConfigLoader
from pydantic import BaseModel

Location = tuple[int | str, ...]


def describe_mistake(
    model: type[BaseModel], error: Any, loader: AbstractConfigLoader, pattern: str
) -> str:
    """File, key, value and what is allowed.

    Args:
        model: The model that refused the values.
        error: One of the errors that Pydantic lists.
        loader: Where the values were read.
        pattern: Which configuration files may hold them, as in `parameters*`.
    """
    location = _keys_only(error["loc"])
    key = ".".join(map(str, location))
    where = _find_file(location, loader, pattern)
    if error["type"] == "missing":
        where = _find_file(location[:-1], loader, pattern, ("base",))
    if error["type"] == "extra_forbidden":
        known = _known_keys(model, location[:-1])
        guess = closest(str(location[-1]), known)
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


def closest(name: str, known: list[str]) -> str:
    """A guess at what was meant, or nothing."""
    match = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {match[0]}?)" if match else ""


def _find_file(
    location: Location,
    loader: AbstractConfigLoader,
    pattern: str,
    environments: Sequence[str] = (),
) -> str:
    """The file that sets a key, or else the one that sets most of the way to it."""
    runtime = loader.runtime_params or {}
    if location and _depth(runtime, location) == len(location):
        return "--params"
    folder = Path(loader.conf_source)
    best, found = 0, folder.name
    for environment in environments or (loader.env or "local", "base"):
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
