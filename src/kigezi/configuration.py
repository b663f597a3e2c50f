"""Read and check the parameters; every mistake becomes one plain sentence."""

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
from kigezi.mistakes import closest, describe_mistake
from kigezi.schemas import Globals, Parameters

_MISSING = object()


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
    _check_own_folders(loader)
    return validate(Parameters, values, loader, "parameters*")


def _check_own_folders(loader: AbstractConfigLoader) -> None:
    """In the same folders, two environments would take each other's winners."""
    environment = loader.env or "local"
    if environment in ("local", "base"):
        return
    if "study" not in _flat_files(loader, environment):
        raise ConfigurationError(
            f"conf/{environment}/globals.yml: study is missing; an environment needs "
            f"folders of its own, so write `study: {environment}` there."
        )


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
        f"use one of {', '.join(known)}{closest(loader.env, known)}."
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
        # A misspelt key is also a missing one; the misspelling is what helps.
        first, *more = sorted(
            error.errors(), key=lambda one: one["type"] != "extra_forbidden"
        )
        sentence = describe_mistake(model, first, loader, pattern)
        count = f" ({len(more)} more like this follow.)" if more else ""
        raise ConfigurationError(sentence + count) from None


def environment_changes(loader: AbstractConfigLoader) -> list[str]:
    """What environment and `--params` change of `base`, as lines `key: old -> new`.

    The files are read as they are, for a second loader would take over Kedro's
    resolvers, which are global: `${globals:...}` would then mean `base` everywhere.
    """
    before = _flat_files(loader, "base")
    after = _flat_files(loader, loader.env or "local")
    after |= dict(flatten(loader.runtime_params or {}))
    changed = [
        f"{key}: {before[key]} -> {value}" if key in before else f"{key}: {value} (new)"
        for key, value in after.items()
        if before.get(key, _MISSING) != value
        and not (value is None and key.startswith("tune.stages."))
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
        values |= flatten(yaml.safe_load(path.read_text("utf-8")) or {})
    return values


def _variants(values: Mapping[str, Any]) -> list[str]:
    """Variants that stand in flattened parameters, as `freeze.top_10`."""
    prefix = "tune.stages."
    keys = [key.removeprefix(prefix) for key in values if key.startswith(prefix)]
    return list(dict.fromkeys(".".join(key.split(".")[:2]) for key in keys))


def flatten(values: Mapping[str, Any], above: str = "") -> Iterable[tuple[str, Any]]:
    """Every value by its whole key, as in `tune.baseline.epochs`."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from flatten(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
