"""The context of a run, from which pipelines learn what conf declares."""

from typing import Any

from kedro.framework.context import KedroContext

from kigezi.plan import use_loader


class ProjectContext(KedroContext):
    """Kedro's context, which hands its configuration loader to the plan.

    A hook would do for `kedro run`, but Kedro-Viz leaves hooks out, and would show the
    stages of another environment than the one it was asked for.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        use_loader(self.config_loader)
