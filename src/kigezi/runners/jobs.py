"""Which variants are trained together, and in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kedro.pipeline import Node

from kigezi.learning.finished import training_key
from kigezi.records import Assignment, digest_of


@dataclass(frozen=True)
class Job:
    """The variants of one training: one worker trains them, one after the other."""

    nodes: tuple[Node, ...]
    """one a variant, fewest epochs first"""
    assignments: Mapping[str, Assignment]
    """the variants, by the dataset's name in the catalog"""
    everywhere: tuple[Node, ...] = ()
    """what the worker runs before, for what it makes cannot be sent"""

    @property
    def name(self) -> str:
        """The variants' names, as in `epochs/epochs_10, epochs_20`."""
        first, *more = self.assignments.values()
        return ", ".join(
            [f"{first.stage}/{first.variant}", *(one.variant for one in more)]
        )


def make_jobs(
    nodes: Sequence[Node],
    assignments: Mapping[str, Assignment],
    everywhere: Sequence[Node],
) -> list[Job]:
    """One job a training, longest first, so that none is waited for alone at the end.

    Budgets of one recipe are read off one training, which no two workers may write.

    Args:
        nodes: Training nodes, each with one assignment among its inputs.
        assignments: The variants, by the dataset's name in the catalog.
        everywhere: Nodes whose outputs the training nodes need and cannot be sent, each
            after those that it needs.
    """
    named = {node: (set(node.inputs) & set(assignments)).pop() for node in nodes}
    jobs: dict[str, list[Node]] = {}
    for node in sorted(nodes, key=lambda n: assignments[named[n]].recipe.epochs):
        jobs.setdefault(_trainings(assignments[named[node]]), []).append(node)
    made = [
        Job(
            nodes=tuple(group),
            assignments={named[node]: assignments[named[node]] for node in group},
            everywhere=_needed(everywhere, group),
        )
        for group in jobs.values()
    ]
    return sorted(made, key=_cost, reverse=True)


def _needed(everywhere: Sequence[Node], group: Sequence[Node]) -> tuple[Node, ...]:
    """The nodes that make what a group needs, and what those need, in their order."""
    wanted = {name for node in group for name in node.inputs}
    needed: list[Node] = []
    for node in reversed(everywhere):
        if wanted & set(node.outputs):
            wanted |= set(node.inputs)
            needed.insert(0, node)
    return tuple(needed)


def _trainings(assignment: Assignment) -> str:
    """Digest of the trainings of a variant, one a seed; photographs are the same."""
    recipes = [assignment.with_seed(seed).recipe for seed in assignment.seeds]
    return digest_of([training_key(recipe, "", recipe.weights) for recipe in recipes])


def _cost(job: Job) -> tuple[int, int]:
    """Layers that are trained and epochs; more of either takes longer."""
    longest = list(job.assignments.values())[-1]
    recipe = longest.recipe
    return recipe.opened_layers, recipe.epochs * len(longest.seeds)
