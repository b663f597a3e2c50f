"""Survey the photographs, keep the usable ones, and split them."""

import logging
from functools import partial

import pandas as pd
from matplotlib.figure import Figure

from kigezi.folders import PhotographLibrary
from kigezi.pair_pictures import draw_pairs
from kigezi.photos.drawing import (
    CLASSES,
    DRAWING_VERSION,
    draw_photograph,
    drawn_names,
)
from kigezi.photos.grouping import assign_groups, confirm, effective_number
from kigezi.photos.pairing import compare_pairs, propose_pairs
from kigezi.photos.splitting import SPLITS, assign_splits, mark_duplicates
from kigezi.photos.surveying import Limits, survey
from kigezi.records import ingest_digest
from kigezi.schemas import IngestParameters

logger = logging.getLogger(__name__)

STATUSES = ("kept", "quarantined", "duplicate", "ignored")

_SHOWN = 5
"""reasons that are printed; the others are only stored"""

_NEARLY = 0
"""likeness from which pairs that do not show one subject stand in the table too"""


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
    limits = Limits(parameters.maximum_megapixels, parameters.minimum_side)
    return mark_duplicates(survey(folder, limits))


def compare_photographs(
    survey: pd.DataFrame, photographs: PhotographLibrary, parameters: IngestParameters
) -> pd.DataFrame:
    """Compare all photographs that may show one subject.

    Args:
        survey: One row a file.
        photographs: The library of photographs.
        parameters: Which pairs are worth a closer look.

    Returns:
        A row a pair: see `kigezi.photos.pairing.compare_pairs` and `confirm`.
    """
    kept = survey[survey["status"] == "kept"]
    rules = parameters.groups
    columns = [kept[name].tolist() for name in ("path", "hashes")]
    pairs = propose_pairs(*columns, rules.hash_distance, rules.number_gap)
    read = photographs.open(parameters.source).read
    return confirm(compare_pairs(kept, pairs, read), rules)


def split_photographs(
    survey: pd.DataFrame, pairs: pd.DataFrame, parameters: IngestParameters
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Put each photograph, with all others of its subject, into a split.

    Args:
        survey: One row a file.
        pairs: Photographs that may show one subject, and how alike they are.
        parameters: When they do, and fractions and seed of the split.

    Returns:
        The ledger, one row a file; the paths and reasons of quarantined files; and
        the photographs that are not alone in their group.
    """
    quarantined = survey["status"] == "quarantined"
    quarantine = survey.loc[quarantined, ["path", "reason"]].reset_index(drop=True)
    _log_found(survey, quarantine, parameters.expected_photographs)
    ledger, groups = assign_groups(survey, pairs, parameters.groups)
    _log_pairs(pairs[pairs["one_subject"]], len(pairs))
    _log_groups(ledger, groups, pairs[pairs["one_subject"]])
    split = parameters.split
    ledger = assign_splits(ledger, split.validation, split.test, split.seed)
    ledger = ledger.drop(columns="hashes").assign(made_with=ingest_digest(parameters))
    _log_split(ledger)
    return ledger, quarantine, groups


def show_pairs(
    pairs: pd.DataFrame, photographs: PhotographLibrary, parameters: IngestParameters
) -> tuple[pd.DataFrame, Figure]:
    """The pairs around the threshold, as a table and as pictures, for a person to see.

    Args:
        pairs: Photographs that may show one subject, and how alike they are.
        photographs: The library of photographs.
        parameters: Where the photographs are.
    """
    near = pairs["one_subject"] | (pairs["likeness"] >= _NEARLY)
    table = pairs[near].drop(columns="orientation")
    return table, draw_pairs(pairs, photographs.open(parameters.source).read)


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


def _log_pairs(alike: pd.DataFrame, compared: int) -> None:
    logger.info(
        "%s pairs compared, %s show one subject: see data/08_reporting/pairs.png",
        *(f"{compared:,}", f"{len(alike):,}"),
    )
    across = alike[alike["label_1"] != alike["label_2"]]
    for pair in across.head(_SHOWN).itertuples():
        logger.warning(
            "possible label error: %s and %s show one subject (likeness %.2f)",
            *(pair.path_1, pair.path_2, pair.likeness),
        )
    if len(across) > _SHOWN:
        more = f"{len(across) - _SHOWN:,}"
        logger.warning("%s more pairs across classes stand in 'near_pairs'", more)


def _log_groups(
    ledger: pd.DataFrame, groups: pd.DataFrame, alike: pd.DataFrame
) -> None:
    logger.info(
        "%s photographs are not alone in their group: see data/08_reporting/groups.csv",
        f"{len(groups):,}",
    )
    kept = ledger[ledger["status"] == "kept"]
    homes = kept.set_index("photo_id")["group_id"]
    ends = [alike[end].map(homes).tolist() for end in ("photo_id_1", "photo_id_2")]
    if apart := sum(first != second for first, second in zip(*ends, strict=True)):
        logger.warning(
            "%s pairs that show one subject are in two groups: a third photograph is "
            "like only one of the two",
            f"{apart:,}",
        )
    for label, rows in kept.groupby("label"):
        sizes = rows["group_id"].value_counts()
        logger.info(
            "%s: %s photographs of %s subjects, worth %s independent ones",
            *(label, f"{len(rows):,}", f"{len(sizes):,}"),
            f"{effective_number(sizes):,.0f}",
        )


def _log_split(ledger: pd.DataFrame) -> None:
    kept = ledger[ledger["status"] == "kept"]
    for label, rows in [*kept.groupby("label"), ("all classes", kept)]:
        counts = rows["split"].value_counts()
        parts = [
            f"{name} {counts.get(name, 0):,} ({counts.get(name, 0) / len(rows):.1%})"
            for name in SPLITS
        ]
        logger.info("%s: %s kept: %s", label, f"{len(rows):,}", ", ".join(parts))
