"""Trainings that train nothing, in a module that workers can import."""

import logging
import os
import signal
from typing import Any

import psutil
from kedro.pipeline import Pipeline, node

from kigezi.errors import DataError
from kigezi.records import Assignment
from tests.conftest import make_assignment


def open_examples(image: Any) -> int:
    """Stands for a mapped file: what it returns is of this process."""
    return os.getpid()


def train(
    assignment: Assignment, examples: int, trainings: Any, augmented: Any
) -> dict[str, Any]:
    """Do what the variant's name says, and tell where."""
    mark = trainings._folder / assignment.variant
    kill = {"kill_once": not mark.exists(), "kill_always": not assignment.given_up}
    logging.getLogger("kigezi.toys").info("%s begins", assignment.variant)
    if kill.get(assignment.variant):
        trainings._folder.mkdir(parents=True, exist_ok=True)
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if assignment.variant == "mistake":
        raise DataError("The photographs are gone: bring them back.")
    return {
        "process": os.getpid(),
        "examples": examples,
        "given_up": assignment.given_up,
        "threads": os.environ["TF_NUM_INTRAOP_THREADS"],
        "pinned": augmented.pinned,
        "listens": _addresses(),
    }


def toy_pipeline(*variants: str) -> Pipeline:
    """A training a variant, and a node that needs all of them."""

    def assign(image: Any) -> dict[str, Assignment]:
        return {
            name: make_assignment(variant=name, learning_rate=rate / 10)
            for rate, name in enumerate(variants, start=1)
        }

    stores = ["trainings", "augmented"]
    return Pipeline(
        [
            node(open_examples, "params:image", "examples", tags=["everywhere"]),
            node(assign, "params:image", {name: f"{name}.toy" for name in variants}),
            *(
                node(
                    train,
                    [f"{name}.toy", "examples", *stores],
                    f"{name}.answer",
                    name=f"train_{name}",
                    tags=["training"],
                )
                for name in variants
            ),
            node(_collect, [f"{name}.answer" for name in variants], "gathered"),
        ]
    )


def _collect(*answers: dict[str, Any]) -> list[dict[str, Any]]:
    return list(answers)


def _addresses() -> set[str]:
    """Where this process and the driver listen."""
    family = [psutil.Process(), psutil.Process().parent()]
    return {
        connection.laddr.ip
        for process in family
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
