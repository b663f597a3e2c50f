"""What a user is told when something is wrong that the user can mend."""

import click


class KigeziError(click.ClickException):
    """One sentence: what is wrong, where, and what to do; printed without traceback.

    Kedro's command line is built on Click, which prints the message of a
    `ClickException` and exits with status 1.
    """


class ConfigurationError(KigeziError):
    """A configuration file or `--params` holds something that is not allowed."""


class DataError(KigeziError):
    """Photographs, or data made from them, are missing, damaged or not usable."""
