"""Survey the photographs, keep the usable ones, and split them."""

import logging
from functools import partial

import pandas as pd

from kigezi.folders import PhotographLibrary
from kigezi.photos.drawing import (
    CLASSES,
    DRAWING_VERSION,
    draw_photograph,
    drawn_names,
)
from kigezi.photos.splitting import (
    SPLITS,
    assign_groups,
    assign_splits,
    mark_duplicates,
)
from kigezi.photos.surveying import Limits, survey
from kigezi.records import ingest_digest
from kigezi.schemas import IngestParameters

logger = logging.getLogger(__name__)

STATUSES = ("kept", "quarantined", "duplicate", "ignored")

_SHOWN = 5
"""reasons that are printed; the others are only stored"""


def survey_photographs(
    parameters: IngestParameters, photographs: PhotographLibrary
) -> pd.DataFrame:
    """Look at every file of the source, after drawing it if that is asked for.

    Args:
        parameters: Where the photographs are and which are usable.
        photographs: The library of photographs.

    Returns:
        One row a file: see `kigezi.photos.surveying.survey`.
    """
    if parameters.drawing is not None:
        photographs.draw(
            parameters.source,
            drawn_names(parameters.drawing.photographs, CLASSES),
            partial(
                draw_photograph,
                seed=parameters.drawing.seed,
                size=parameters.drawing.size,
            ),
            {**parameters.drawing.model_dump(), "version": DRAWING_VERSION},
        )
    folder = photographs.open(parameters.source)
    return survey(
        folder, Limits(parameters.maximum_megapixels, parameters.minimum_side)
    )


def split_photographs(
    survey: pd.DataFrame, parameters: IngestParameters
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take out duplicates, and put each photograph into a split before anything else.

    Args:
        survey: One row a file.
        parameters: Fractions and seed of the split.

    Returns:
        The ledger, one row a file, and the paths and reasons of quarantined files.
    """
    ledger = assign_groups(mark_duplicates(survey))
    quarantined = ledger["status"] == "quarantined"
    quarantine = ledger.loc[quarantined, ["path", "reason"]].reset_index(drop=True)
    _log_found(ledger, quarantine, parameters.expected_photographs)
    split = parameters.split
    ledger = assign_splits(ledger, split.validation, split.test, split.seed)
    ledger["made_with"] = ingest_digest(parameters)
    _log_split(ledger)
    return ledger, quarantine


def _log_found(
    ledger: pd.DataFrame, quarantine: pd.DataFrame, expected: int | None
) -> None:
    counts = ledger["status"].value_counts()
    parts = [f"{counts.get(status, 0):,} {status}" for status in STATUSES]
    logger.info("found %s files: %s", f"{len(ledger):,}", ", ".join(parts))
    _log_quarantine(quarantine)
    kept = counts.get("kept", 0)
    if expected is not None and kept != expected:
        logger.info(
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
        logger.warning("quarantined: %s%s: %s", row.path, others, row.Index)
    if left := len(quarantine) - int(said["files"].sum()):
        logger.warning("%s more stand in the dataset 'quarantine'", f"{left:,}")


def _log_split(ledger: pd.DataFrame) -> None:
    kept = ledger[ledger["status"] == "kept"]
    for label, rows in [*kept.groupby("label"), ("all classes", kept)]:
        counts = rows["split"].value_counts()
        parts = [
            f"{name} {counts.get(name, 0):,} ({counts.get(name, 0) / len(rows):.1%})"
            for name in SPLITS
        ]
        logger.info("%s: %s kept: %s", label, f"{len(rows):,}", ", ".join(parts))
