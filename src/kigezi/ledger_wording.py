"""What the log says of the files that were found, their groups and their splits."""

import logging

import pandas as pd

from kigezi.photos.grouping import effective_number
from kigezi.photos.splitting import SPLITS

_log = logging.getLogger(__name__)

STATUSES = ("kept", "quarantined", "duplicate", "ignored")

_SHOWN = 5
"""reasons that are printed; the others are only stored"""


def log_found(
    ledger: pd.DataFrame, quarantine: pd.DataFrame, expected: int | None
) -> None:
    """How many files ended how, and why some are not used."""
    counts = ledger["status"].value_counts()
    parts = [f"{counts.get(status, 0):,} {status}" for status in STATUSES]
    _log.info("found %s files: %s", f"{len(ledger):,}", ", ".join(parts))
    _log_quarantine(quarantine)
    kept = counts.get("kept", 0)
    if expected is not None and kept != expected:
        _log.info(
            "%s photographs are expected (ingest.expected_photographs), %s were found: "
            "the run goes on with these",
            *(f"{expected:,}", f"{kept:,}"),
        )


def _log_quarantine(quarantine: pd.DataFrame) -> None:
    """Say the most frequent reasons once each, so that none hides the others."""
    by_reason = quarantine.groupby("reason", sort=False)["path"]
    said = by_reason.agg(path="first", files="count")
    said = said.sort_values("files", ascending=False, kind="stable").head(_SHOWN)
    for row in said.itertuples():
        others = f" and {row.files - 1:,} more" if row.files > 1 else ""
        _log.warning("quarantined: %s%s: %s", row.path, others, row.Index)
    if left := len(quarantine) - int(said["files"].sum()):
        more = f"{left:,}"
        _log.warning("%s more stand in data/08_reporting/quarantine.csv", more)


def log_pairs(alike: pd.DataFrame, compared: int) -> None:
    """How many pairs were compared, and which labels may be wrong."""
    _log.info(
        "%s pairs compared, %s show one subject: see data/08_reporting/pairs.png",
        *(f"{compared:,}", f"{len(alike):,}"),
    )
    across = alike[alike["label_1"] != alike["label_2"]]
    for pair in across.head(_SHOWN).itertuples():
        _log.warning(
            "possible label error: %s and %s show one subject (likeness %.2f): look at "
            "both, and move the one that lies in the wrong folder",
            *(pair.path_1, pair.path_2, pair.likeness),
        )
    if len(across) > _SHOWN:
        more = f"{len(across) - _SHOWN:,}"
        _log.warning("%s more such pairs stand in data/08_reporting/pairs.csv", more)


def log_groups(ledger: pd.DataFrame, groups: pd.DataFrame, alike: pd.DataFrame) -> None:
    """How many independent photographs there are."""
    if len(groups):
        _log.info(
            "%s photographs are not alone in their group: see "
            "data/08_reporting/groups.csv",
            f"{len(groups):,}",
        )
    kept = ledger[ledger["status"] == "kept"]
    homes = kept.set_index("photo_id")["group_id"]
    ends = [alike[end].map(homes).tolist() for end in ("photo_id_1", "photo_id_2")]
    if apart := sum(first != second for first, second in zip(*ends, strict=True)):
        _log.warning(
            "%s pairs that show one subject are in two groups, because a third "
            "photograph is like only one of the two, and may stand in two splits: if "
            "that is too many, lower ingest.groups.likeness",
            f"{apart:,}",
        )
    for label, rows in kept.groupby("label"):
        sizes = rows["group_id"].value_counts()
        _log.info(
            "%s: %s photographs of %s subjects, worth %s independent ones",
            *(label, f"{len(rows):,}", f"{len(sizes):,}"),
            f"{effective_number(sizes):,.0f}",
        )


def log_split(ledger: pd.DataFrame) -> None:
    """The fractions achieved, class by class."""
    kept = ledger[ledger["status"] == "kept"]
    for label, rows in [*kept.groupby("label"), ("all classes", kept)]:
        counts = rows["split"].value_counts()
        parts = [
            f"{name} {counts.get(name, 0):,} ({counts.get(name, 0) / len(rows):.1%})"
            for name in SPLITS
        ]
        _log.info("%s: %s kept: %s", label, f"{len(rows):,}", ", ".join(parts))
