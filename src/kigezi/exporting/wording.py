"""What the log says of an export."""

import logging

import pandas as pd

from kigezi.answering.card import Doubt

_log = logging.getLogger(__name__)

LEAST_AUROC = 0.9
"""below it, other things are told apart too badly to rely on"""


def log_doubt(doubt: Doubt) -> None:
    """Say when the model will be unsure, and what that promises."""
    _log.info(
        "The model answers from a confidence of %.1f %% on (temperature %.2f): then at "
        "most %.1f %% of the answers are wrong, with a probability of %.0f %%; %.0f %% "
        "of %d independent validation photographs were answered",
        *(100 * doubt.least_confidence, doubt.temperature, 100 * doubt.risk_bound),
        *(100 * doubt.certainty, 100 * doubt.answered, doubt.photographs),
    )
    if doubt.risk_bound > doubt.risk:
        _log.warning(
            "A risk of %.1f %% (export.risk) cannot be promised by %d validation "
            "photographs: %.1f %% is the lowest bound that they allow. More "
            "photographs, a higher risk or a lower certainty "
            "(conf/base/parameters_export.yml) would do.",
            *(100 * doubt.risk, doubt.photographs, 100 * doubt.risk_bound),
        )


def log_contract(table: pd.DataFrame) -> None:
    """A line a file."""
    for row in table.to_dict("records"):
        _log.info(
            "%s: %.1f %% right (%.1f to %.1f), %d of the answers are not those of "
            "Keras, %.1f MB, %.1f ms an image",
            *(row["file"], row["accuracy"], row["low"], row["high"], row["changed"]),
            *(row["megabytes"], row["median_ms"]),
        )


def log_unknown(table: pd.DataFrame) -> None:
    """A line a kind of other things, and a warning where they pass for known ones."""
    for row in table[table["file"] == table["file"].iloc[0]].to_dict("records"):
        _log.info(
            "Of %d %s of other things, %.0f %% are refused (AUROC %.3f)",
            *(row["images"], _NOUNS.get(row["other_things"], row["other_things"])),
            *(row["refused"], row["auroc"]),
        )
    worst = table.loc[table.groupby("other_things")["auroc"].idxmin()]
    for row in worst[worst["auroc"] < LEAST_AUROC].to_dict("records"):
        _log.warning(
            "%s hardly tells other things (%s) from known ones: AUROC %.2f. Do not "
            "rely on its being unsure (data/08_reporting/export_unknown.csv has all).",
            *(row["file"], row["other_things"], row["auroc"]),
        )


_NOUNS = {"drawn": "drawn images", "photographs": "photographs"}
