"""A runner that has variants trained by the workers of a Dask cluster."""

import logging
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from kedro.io import CatalogProtocol
from kedro.pipeline import Node, Pipeline
from kedro.runner import AbstractRunner
from kedro.runner.task import Task
from pluggy import PluginManager

from kigezi.datasets.tracking import TrackingDataset
from kigezi.runners.cluster import connect
from kigezi.runners.jobs import Job, make_jobs
from kigezi.runners.project import Project
from kigezi.schemas import DaskParameters

if TYPE_CHECKING:
    from kigezi.runners.queue import Answer, JobQueue

TRAINING, EVERYWHERE = "training", "everywhere"
"""Tags of nodes that workers run, and that workers run too before those."""


class DaskRunner(AbstractRunner):
    """Runs nodes one after the other here, and training nodes on a Dask cluster.

    A worker opens the project from the same path, trains with its own catalog, and
    sends back the trial, which is saved here.
    """

    @property
    def _logger(self) -> logging.Logger:
        """Kedro's, for what Kedro says of its runners."""
        return logging.getLogger("kedro.runner")

    def _get_executor(self, max_workers: int) -> None:
        """None, so that Kedro runs one after the other what is not training."""

    def _run(
        self,
        pipeline: Pipeline,
        catalog: CatalogProtocol,
        hook_manager: PluginManager | None = None,
        run_id: str | None = None,
    ) -> None:
        if not any(TRAINING in node.tags for node in pipeline.nodes):
            super()._run(pipeline, catalog, hook_manager, run_id)
            return
        settings = DaskParameters.model_validate(catalog.load("params:dask"))
        for name in pipeline.inputs():
            if isinstance(catalog.get(name), TrackingDataset):
                # A fresh database breaks if several processes are the first to use it.
                catalog.load(name).prepare()
        with connect(settings) as client:
            from kigezi.runners.queue import JobQueue

            queue = JobQueue(client, settings, Project.running(catalog, run_id))
            run = _Run(self, pipeline, catalog, hook_manager, run_id)
            try:
                run.work_off(queue)
            except BaseException:
                queue.stop()
                raise
            finally:
                queue.close()


class _Run:
    """One run of a pipeline: what is done, and what is to be done where."""

    def __init__(
        self,
        runner: DaskRunner,
        pipeline: Pipeline,
        catalog: CatalogProtocol,
        hooks: PluginManager,
        run_id: str | None,
    ) -> None:
        self._pipeline = pipeline
        self._catalog = catalog
        self._hooks = hooks
        self._run_id = run_id
        self._release = runner._release_datasets
        self._loads = Counter(chain.from_iterable(n.inputs for n in pipeline.nodes))
        self._done: set[Node] = set()

    def work_off(self, queue: "JobQueue") -> None:
        """Run every node as soon as those before it are done, training nodes last.

        Raises:
            KigeziError: Something that the user can mend, here or on a worker.
        """
        todo = list(self._pipeline.nodes)
        needs = self._pipeline.node_dependencies
        while todo or not queue.empty:
            ready = [node for node in todo if needs[node] <= self._done]
            here = [node for node in ready if TRAINING not in node.tags]
            if here:
                self._run_here(here[0])
                todo.remove(here[0])
                continue
            if ready:
                queue.add(self._make_jobs(ready))
                todo = [node for node in todo if node not in ready]
            for job, answer in queue.done():
                self._keep(job, answer)

    def _run_here(self, node: Node) -> None:
        Task(node, self._catalog, False, self._hooks, self._run_id).execute()
        self._finish(node)

    def _finish(self, node: Node) -> None:
        self._done.add(node)
        self._release(node, self._catalog, self._loads, self._pipeline)

    def _make_jobs(self, nodes: Sequence[Node]) -> list[Job]:
        everywhere = [node for node in self._pipeline.nodes if EVERYWHERE in node.tags]
        made = {name for node in self._done for name in node.outputs}
        copied = {name for node in everywhere for name in node.outputs}
        needed = {name for node in nodes for name in node.inputs}
        assignments = {
            name: self._catalog.load(name) for name in sorted(needed & made - copied)
        }
        return make_jobs(nodes, assignments, everywhere)

    def _keep(self, job: Job, answer: "Answer") -> None:
        """Save what a worker sent back, as if its nodes had run here."""
        if isinstance(answer, int):
            self._give_up(job, answer)
            return
        for node in job.nodes:
            for name in node.outputs:
                event = {"dataset_name": name, "data": answer[name], "node": node}
                self._hooks.hook.before_dataset_saved(**event)
                self._catalog.save(name, answer[name])
                self._hooks.hook.after_dataset_saved(**event)
            self._finish(node)

    def _give_up(self, job: Job, losses: int) -> None:
        """Let the variants of a job fail, but those that were trained before.

        Args:
            losses: How many workers ended while they trained it.
        """
        reason = (
            f"out of memory? ({losses} Dask workers ended without a word while they "
            f"trained it); lower batch_size or image.size and run again"
        )
        for name, assignment in job.assignments.items():
            given_up = assignment.model_copy(update={"given_up": reason})
            self._catalog.save(name, given_up)
        for node in job.nodes:
            self._run_here(node)
