"""How often Python looks for garbage."""

import gc

THRESHOLD = 100_000
"""New objects between two looks, of which Python allows 700 or 2,000."""


def collect_seldom() -> None:
    """Let Python look for garbage less often; Kedro calls this before its plugins.

    Importing what a command needs makes hundreds of thousands of objects that all stay,
    and each look goes through many of them again: about a tenth of `kedro registry
    list`, and of a short study. It is an entry point of the group `kedro.init` in
    pyproject.toml. Memory is given back as before, but for objects that refer to each
    other in a circle (https://docs.python.org/3/library/gc.html#gc.set_threshold).
    """
    gc.set_threshold(THRESHOLD)
