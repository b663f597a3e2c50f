from typing import Any

import pytest
from kedro.pipeline import Node, node

from kigezi.records import Assignment
from kigezi.runners.jobs import Job, make_jobs
from tests.conftest import make_assignment


def _train(assignment: Assignment, examples: object) -> None:
    """Stands for a training."""


def _open(ledger: object) -> object:
    return ledger


def _jobs(**variants: dict[str, Any]) -> list[Job]:
    assignments = {
        f"{name}.assignment": make_assignment(variant=name, **changes)
        for name, changes in variants.items()
    }
    nodes = [
        node(_train, [f"{name}.assignment", "examples"], f"{name}.trial")
        for name in variants
    ]
    everywhere = [node(_open, "ledger", name) for name in ("examples", "others")]
    return make_jobs(nodes, assignments, everywhere)


def _variants(jobs: list[Job]) -> list[list[str]]:
    return [[_variant(job, one) for one in job.nodes] for job in jobs]


def _variant(job: Job, one: Node) -> str:
    return job.assignments[one.inputs[0]].variant


def test_budgets_of_one_recipe_are_one_job_fewest_epochs_first() -> None:
    jobs = _jobs(
        nine={"epochs": 9},
        two={"epochs": 2, "patience": 1},
        other={"epochs": 5, "learning_rate": 0.5},
        five={"epochs": 5},
    )
    assert _variants(jobs) == [["two", "five", "nine"], ["other"]]
    assert jobs[0].name == "freeze/two, five, nine"


@pytest.mark.parametrize(("unfreeze", "count"), [("none", 1), (10, 2)])
def test_a_setting_without_effect_is_one_training(
    unfreeze: int | str, count: int
) -> None:
    frozen = {"unfreeze": unfreeze, "batch_norm": "frozen"}
    trained = {"unfreeze": unfreeze, "batch_norm": "train"}
    assert len(_jobs(frozen=frozen, trained=trained)) == count


def test_the_longest_job_is_first() -> None:
    jobs = _jobs(
        head={"unfreeze": "none"},
        top={"unfreeze": 20},
        long={"unfreeze": 20, "epochs": 9, "learning_rate": 0.5},
        all={"unfreeze": "all"},
    )
    assert _variants(jobs) == [["all"], ["long"], ["top"], ["head"]]


def test_seeds_of_a_variant_are_trained_by_one_worker() -> None:
    assignments = {
        f"{seed}.assignment": make_assignment(seed=seed).model_copy(
            update={"seeds": (0, 1)}
        )
        for seed in (5, 6)
    }
    nodes = [node(_train, [name, "examples"], f"{name}.trial") for name in assignments]
    # Their own seeds are replaced by the study's, so both are the same trainings.
    [job] = make_jobs(nodes, assignments, [])
    assert len(job.nodes) == 2


def test_a_job_brings_what_its_nodes_need_and_no_more() -> None:
    [job] = _jobs(head={})
    assert [one.outputs for one in job.everywhere] == [["examples"]]
    assert list(job.assignments) == ["head.assignment"]


def test_what_a_worker_needs_before_is_complete_and_in_order() -> None:
    opened = node(_open, "ledger", "images")
    split = node(_open, "images", "examples")
    others = node(_open, "ledger", "others")
    train = node(_train, ["a.assignment", "examples"], "a.trial")
    assignments = {"a.assignment": make_assignment()}
    (job,) = make_jobs([train], assignments, [opened, others, split])
    assert job.everywhere == (opened, split)
