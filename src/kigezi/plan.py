"""The stages and variants of the study, read from conf when pipelines are built."""

from collections.abc import Callable
from dataclasses import dataclass

from kedro.config import AbstractConfigLoader

from kigezi.configuration import default_loader, load_parameters
from kigezi.errors import DataError
from kigezi.records import Winner, digest_of
from kigezi.schemas import Changes, Recipe, TuneParameters


@dataclass(frozen=True)
class Plan:
    """What is tried, in its order: names only, for the pipelines are built from it."""

    stages: dict[str, tuple[str, ...]]
    """variant names by stage name, both in the order of the YAML"""

    @classmethod
    def of(cls, tune: TuneParameters) -> "Plan":
        """The plan that the parameters declare."""
        return cls(
            {name: tuple(stage.root) for name, stage in tune.stages.root.items()}
        )


_loader: AbstractConfigLoader | None = None


def use_loader(loader: AbstractConfigLoader | None) -> None:
    """Keep the loader of Kedro's context, which knows environment and `--params`.

    Kedro builds pipelines without telling them the context, so a hook that runs before
    says it here (https://github.com/kedro-org/kedro/issues/3093).
    """
    global _loader  # noqa: PLW0603
    _loader = loader


def read_plan() -> Plan:
    """The plan of the running context, or of the configured environment without one.

    Raises:
        ConfigurationError: The parameters hold a mistake.
    """
    # A loader is a dictionary, and false while nothing was read through it.
    loader = default_loader() if _loader is None else _loader
    return Plan.of(load_parameters(loader).tune)


def apply_changes(base: Recipe, changes: Changes) -> Recipe:
    """The base recipe with the changes of one variant; neither is altered."""
    stated = changes.model_dump(exclude_unset=True)
    return Recipe.model_validate({**base.model_dump(), **stated})


def all_recipes(tune: TuneParameters) -> list[Recipe]:
    """The baseline, and every variant as if its stage started from the baseline."""
    variants = [c for stage in tune.stages.root.values() for c in stage.root.values()]
    return [tune.baseline, *(apply_changes(tune.baseline, c) for c in variants)]


def lineage(tune: TuneParameters, count: int) -> str:
    """Digest of the baseline and the first stages: what their winners depend on.

    Lists keep the order of the YAML, which decides the last of all ties.
    """
    plain = [
        [name, [[v, c.model_dump(exclude_unset=True)] for v, c in stage.root.items()]]
        for name, stage in list(tune.stages.root.items())[:count]
    ]
    # Studies of before this could be chosen keep their digest.
    protocol = [] if tune.protocol.honest else [tune.protocol.model_dump()]
    return digest_of([tune.baseline.model_dump(), tune.seeds, plain, *protocol])


def budgets(tune: TuneParameters) -> tuple[int, ...]:
    """All numbers of epochs that the study asks for, rising."""
    asked = {
        changes.epochs
        for stage in tune.stages.root.values()
        for changes in stage.root.values()
        if changes.epochs is not None
    }
    return tuple(sorted({tune.baseline.epochs, *asked}))


def costliest_study(
    tune: TuneParameters, seconds: Callable[[Recipe], float]
) -> list[Recipe]:
    """Every variant and seed, if each stage were won by its costliest variant.

    Args:
        seconds: What a recipe costs.
    """
    recipes: list[Recipe] = []
    start = tune.baseline
    for stage in tune.stages.root.values():
        variants = [apply_changes(start, changes) for changes in stage.root.values()]
        for variant in variants:
            seeds = tune.seeds or (variant.seed,)
            recipes += [variant.model_copy(update={"seed": seed}) for seed in seeds]
        start = max(variants, key=seconds)
    return recipes


def check_winner(winner: Winner, tune: TuneParameters, dataset: str) -> None:
    """Refuse a stored winner that other settings or photographs have chosen.

    Raises:
        DataError: Its stage has to be run again first.
    """
    count = list(tune.stages.root).index(winner.stage) + 1
    same_plan = winner.lineage == lineage(tune, count)
    if not same_plan or winner.dataset != dataset:
        what = "these settings" if not same_plan else "these photographs"
        raise DataError(
            f"The stored winner of stage {winner.stage} was not chosen with {what}: "
            f"run `kedro run --pipeline=tune --namespaces=tune.{winner.stage}` first, "
            "or `kedro run --pipeline=tune` for all stages."
        )
