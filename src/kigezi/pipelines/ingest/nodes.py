"""Survey the photographs, keep the usable ones, and split them."""

import hashlib
from collections.abc import Iterator
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from kigezi.folders import PhotographLibrary
from kigezi.ledger_wording import log_found, log_groups, log_pairs, log_split
from kigezi.pair_pictures import PAIRS, draw_pairs
from kigezi.photos.drawing import (
    CLASSES,
    DRAWING_VERSION,
    draw_photograph,
    drawn_names,
)
from kigezi.photos.grouping import assign_groups, confirm
from kigezi.photos.likeness import LIKENESS_VERSION, SIDE
from kigezi.photos.pairing import compare_pairs, fill_greys, name_pairs
from kigezi.photos.proposing import propose_pairs
from kigezi.photos.splitting import assign_splits, mark_duplicates
from kigezi.photos.surveying import Limits, survey
from kigezi.records import digest_of, ingest_digest
from kigezi.schemas import IngestParameters
from kigezi.stores import ModelInputs, Tables

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
    greys: ModelInputs,
    compared: Tables,
) -> pd.DataFrame:
    """Compare all photographs that may show one subject, or find them compared.

    Args:
        survey: One row a file.
        photographs: The library of photographs.
        parameters: Which pairs are worth a closer look.
        greys: Where small grey photographs are kept.
        compared: Where comparisons are kept.

    Returns:
        A row a pair of kept photographs, by their positions among them: see
        `kigezi.photos.pairing.compare_pairs` and `confirm`.
    """
    kept = _kept(survey)
    rules = parameters.groups
    proposing = (rules.hash_distance, rules.number_gap)
    decided_by = _digest(kept, proposing)

    def compare(done: int) -> Iterator[pd.DataFrame]:
        paths, hashes = kept["path"], kept["hashes"]
        pairs = propose_pairs(paths, hashes, *proposing, compared.map)
        needed = np.unique(pairs[["first", "second"]])

        def fill(array: npt.NDArray[np.uint8]) -> None:
            fill_greys(array, kept, needed, photographs.open(parameters.source))

        array = greys.get_or_make(decided_by, (len(kept), SIDE, SIDE), fill)
        return compare_pairs(pairs[done:], array, compared.map)

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
    alike = name_pairs(_kept(survey), pairs[pairs["one_subject"]])
    ledger, groups = assign_groups(survey, alike, parameters.groups)
    log_pairs(alike, len(pairs))
    log_groups(ledger, groups, alike)
    split = parameters.split
    ledger = assign_splits(ledger, split.validation, split.test, split.seed)
    ledger = ledger.drop(columns="hashes").assign(made_with=ingest_digest(parameters))
    log_split(ledger)
    return ledger, quarantine, groups


def show_pairs(
    survey: pd.DataFrame,
    pairs: pd.DataFrame,
    photographs: PhotographLibrary,
    parameters: IngestParameters,
) -> tuple[pd.DataFrame, Figure]:
    """The pairs around the threshold, as a table and as pictures, for a person to see.

    Args:
        survey: One row a file.
        pairs: Photographs that may show one subject, and how alike they are.
        photographs: The library of photographs.
        parameters: Where the photographs are.
    """
    strangers = ~pairs["one_subject"]
    near = ~strangers | (pairs["likeness"] >= _NEARLY)
    drawn = near | (strangers & (strangers.cumsum() <= PAIRS))
    named = name_pairs(_kept(survey), pairs[drawn])
    table = named[near[drawn].to_numpy()].drop(columns="orientation")
    folder = photographs.open(parameters.source)
    ends = [named[[f"path_{end}", f"photo_id_{end}"]].to_numpy() for end in (1, 2)]
    photo_ids = dict(np.concatenate(ends).tolist())
    return table, draw_pairs(named, folder.reader(photo_ids))


def _kept(survey: pd.DataFrame) -> pd.DataFrame:
    """The usable photographs, whose positions pairs count."""
    return survey[survey["status"] == "kept"]


def _digest(kept: pd.DataFrame, proposing: tuple[int, int]) -> str:
    """What decides a comparison; row by row, for there may be very many."""
    digest = hashlib.sha256(digest_of([LIKENESS_VERSION, proposing]).encode())
    contents = kept[["path", "photo_id", "hashes"]]
    for row in contents.itertuples(index=False, name=None):
        digest.update(digest_of(row).encode())
    return digest.hexdigest()
