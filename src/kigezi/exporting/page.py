"""What a person should know of the exported files: the README.md beside them."""

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from kigezi.answering.card import Card

_HEADINGS = {
    "file": "file",
    "accuracy": "right, %",
    "interval": "95 % interval",
    "changed": "answers changed",
    "answered": "answered, %",
    "wrong_of_answered": "wrong of these, %",
    "risk_bound": "promised at most, %",
    "megabytes": "MB",
    "median_ms": "median ms",
    "slowest_5_percent_ms": "95th percentile ms",
}
_THRESHOLDS = {
    "file": "file",
    "least_confidence": "a confidence of, %",
    "least_familiarity": "a familiarity of",
}
_UNKNOWN_HEADINGS = {
    "file": "file",
    "other_things": "other things",
    "images": "images",
    "auroc": "AUROC",
    "refused_at_5_percent": "refused, if 5 % of known ones are, %",
    "refused": "refused, %",
}


def describe_model(card: Card, table: pd.DataFrame, unknown: pd.DataFrame) -> str:
    """The page in Markdown.

    Args:
        card: Of the files.
        table: From `compare_files`.
        unknown: From `compare_unknown`.
    """
    environment = Environment(
        loader=PackageLoader("kigezi.exporting"),
        autoescape=False,  # noqa: S701 Markdown, read by people
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    limits = table[["low", "high"]].to_numpy()
    interval = [f"{low:.1f} to {high:.1f}" for low, high in limits]
    rows = table.assign(interval=interval)[list(_HEADINGS)].rename(columns=_HEADINGS)
    thresholds = table[list(_THRESHOLDS)].rename(columns=_THRESHOLDS)
    others = unknown[list(_UNKNOWN_HEADINGS)].rename(columns=_UNKNOWN_HEADINGS)
    decimals = ("", "", ".0f", ".3f", ".0f", ".0f")
    return environment.get_template("README.md").render(
        card=card,
        files=rows.to_markdown(index=False, floatfmt=".1f"),
        thresholds=thresholds.to_markdown(index=False, floatfmt=("", ".2f", ".3f")),
        unknown=others.to_markdown(index=False, floatfmt=decimals),
    )
