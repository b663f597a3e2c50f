"""Context and session of a run: what pipelines learn, and what users are told."""

from typing import Any, ClassVar

from kedro.framework.context import KedroContext
from kedro.framework.session import KedroSession

from kigezi.errors import ConfigurationError
from kigezi.plan import use_loader


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
    """Kedro's session, which answers a misspelt node or namespace with a sentence."""

    def run(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Run as Kedro does.

        Raises:
            ConfigurationError: `--namespaces`, `--nodes` or the like names nothing.
        """
        try:
            return super().run(*args, **kwargs)
        except ValueError as error:
            if not str(error).startswith("Pipeline does not contain"):
                raise
            raise ConfigurationError(
                f"{str(error).rstrip('.')}; `kedro registry describe tune` lists them."
            ) from None
