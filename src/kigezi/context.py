"""Context and session of a run: what pipelines learn, and what users are told."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from kedro.framework.context import KedroContext
from kedro.framework.session import KedroSession

from kigezi.datasets.locks import alone
from kigezi.errors import ConfigurationError, DataError, KigeziError
from kigezi.faults import causes, explain_fault
from kigezi.plan import use_loader
from kigezi.stopping import Stopped, stoppable

_log = logging.getLogger(__name__)


class ProjectContext(KedroContext):
    """Kedro's context, which hands its configuration loader to the plan.

    A hook would do for `kedro run`, but Kedro-Viz leaves hooks out, and would show the
    stages of another environment than the one it was asked for.
    """

    running: ClassVar["ProjectContext | None"] = None
    """the context of this process's latest session"""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        use_loader(self.config_loader)
        ProjectContext.running = self


class ProjectSession(KedroSession):
    """Kedro's session: one at a time in a project, stopped and explained in words."""

    def run(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Run as Kedro does.

        Raises:
            ConfigurationError: `--namespaces`, `--nodes` or the like names nothing.
            DataError: Another run works in this project, or the disk is full.
            SystemExit: A signal has stopped the run.
        """
        lock = self._project_path / "data" / ".lock"
        with _in_words(), alone(lock, "`kedro run`"), stoppable():
            return super().run(*args, **kwargs)


@contextmanager
def _in_words() -> Iterator[None]:
    """Tell what a user can do, instead of where in the code it was noticed."""
    try:
        yield
    except Stopped as stopped:
        _log.warning("Stopped. The same command goes on where this run was.")
        sys.exit(stopped.exit_status)
    except Exception as error:
        # Kedro wraps what datasets say in errors of its own.
        for cause in causes(error):
            if isinstance(cause, KigeziError):
                raise cause from None
        if str(error).startswith("Pipeline does not contain"):
            raise ConfigurationError(
                f"{str(error).rstrip('.')}; `kedro registry describe tune` lists them."
            ) from None
        if sentence := explain_fault(error):
            raise DataError(sentence) from error
        raise
