"""Survey the photographs, keep the usable ones, and split them."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kigezi.folders import PhotographLibrary
from kigezi.ledger_wording import log_found, log_groups, log_pairs, log_split
from kigezi.pair_pictures import draw_pairs
from kigezi.photos.drawing import (
    CLASSES,
    DRAWING_VERSION,
    draw_photograph,
    drawn_names,
)
from kigezi.photos.grouping import assign_groups, confirm
from kigezi.photos.likeness import LIKENESS_VERSION
from kigezi.photos.pairing import compare_pairs, propose_pairs
from kigezi.photos.splitting import assign_splits, mark_duplicates
from kigezi.photos.surveying import Limits, survey
from kigezi.records import digest_of, ingest_digest
from kigezi.schemas import IngestParameters
from kigezi.stores import Tables

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
    survey: pd.DataFrame,
    photographs: PhotographLibrary,
    parameters: IngestParameters,
    compared: Tables,
) -> pd.DataFrame:
    """Compare all photographs that may show one subject, or find them compared.

    Args:
        survey: One row a file.
        photographs: The library of photographs.
        parameters: Which pairs are worth a closer look.
        compared: Where comparisons are kept.

    Returns:
        A row a pair: see `kigezi.photos.pairing.compare_pairs` and `confirm`.
    """
    kept = survey[survey["status"] == "kept"]
    rules = parameters.groups
    proposing = (rules.hash_distance, rules.number_gap)
    contents = kept[["path", "photo_id", "hashes"]].to_numpy().tolist()

    def compare() -> pd.DataFrame:
        paths, hashes = kept["path"].tolist(), kept["hashes"].tolist()
        pairs = propose_pairs(paths, hashes, *proposing)
        folder = photographs.open(parameters.source)
        photo_ids = dict(zip(kept["path"], kept["photo_id"], strict=True))
        return compare_pairs(kept, pairs, folder.reader(photo_ids))

    decided_by = digest_of([LIKENESS_VERSION, proposing, contents])
    return confirm(compared.get_or_make(decided_by, compare), rules)


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
    log_found(survey, quarantine, parameters.expected_photographs)
    ledger, groups = assign_groups(survey, pairs, parameters.groups)
    log_pairs(pairs[pairs["one_subject"]], len(pairs))
    log_groups(ledger, groups, pairs[pairs["one_subject"]])
    split = parameters.split
    ledger = assign_splits(ledger, split.validation, split.test, split.seed)
    ledger = ledger.drop(columns="hashes").assign(made_with=ingest_digest(parameters))
    log_split(ledger)
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
    folder = photographs.open(parameters.source)
    ends = [pairs[[f"path_{end}", f"photo_id_{end}"]].to_numpy() for end in (1, 2)]
    photo_ids = dict(np.concatenate(ends).tolist())
    return table, draw_pairs(pairs, folder.reader(photo_ids))
