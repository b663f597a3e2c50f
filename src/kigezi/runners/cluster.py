"""A Dask cluster: processes of this machine, or a scheduler elsewhere."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from kigezi.errors import ConfigurationError
from kigezi.schemas import DaskParameters

if TYPE_CHECKING:
    from distributed import Client

_PATIENCE = 10
"""seconds that a scheduler is given to answer"""

_LOCAL = {
    # The project sets the number of threads; Dask would set it in this process too.
    "distributed.nanny.pre-spawn-environ": {},
    # A laptop that slept has lost no worker.
    "distributed.scheduler.worker-ttl": None,
}


@contextmanager
def connect(settings: DaskParameters) -> "Iterator[Client]":
    """A client of the configured cluster; processes of this machine end with it.

    Raises:
        ConfigurationError: Dask is not installed, or nobody answers at the address.
    """
    try:
        import dask
        import distributed  # noqa: F401
    except ImportError:
        raise ConfigurationError(
            'the DaskRunner needs Dask: install it with `pip install -e ".[dask]"`.'
        ) from None
    # What Dask says of its work helps nobody here; what does is said in `queue.py`.
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with ExitStack() as stack:
        address: Any = settings.scheduler
        if address is None:
            stack.enter_context(dask.config.set(_LOCAL))
            address = stack.enter_context(_processes(settings))
        yield stack.enter_context(_client(address))


@contextmanager
def _processes(settings: DaskParameters) -> Iterator[Any]:
    """Workers on this machine that nobody else can reach."""
    from distributed import LocalCluster

    with (
        tempfile.TemporaryDirectory(prefix="kigezi-") as folder,
        LocalCluster(
            n_workers=settings.workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            # Who reaches a scheduler can run code, also as another user of the machine.
            security=True,
            silence_logs=logging.CRITICAL,
            local_directory=folder,
            # Dask counts mapped files too, and would end workers that map images.
            memory_limit=0,
            resources=settings.resources or None,
            preload=["kigezi.runners.on_worker"],
        ) as cluster,
    ):
        yield cluster


def _client(address: Any) -> "Client":
    from distributed import Client

    try:
        return Client(address, timeout=_PATIENCE)
    except (OSError, TimeoutError):
        raise ConfigurationError(
            f"dask.scheduler: no Dask scheduler answers at {address}: start one with "
            "`dask scheduler`, or set it to null to train in processes of this machine."
        ) from None
