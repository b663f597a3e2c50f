"""Nodes of the export pipeline. Keras is imported only where a model is needed."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from kigezi.answering.card import Card, Doubt
from kigezi.errors import DataError
from kigezi.exporting.calibrating import find_temperature, find_threshold
from kigezi.exporting.charts import plot_risk
from kigezi.exporting.contract import check_budgets, compare_files, list_changes
from kigezi.exporting.familiarity import Familiarity
from kigezi.exporting.packing import pack, with_card
from kigezi.exporting.page import describe_model
from kigezi.exporting.refusing import compare_unknown
from kigezi.exporting.runtimes import Answers, run_file
from kigezi.exporting.versions import library_versions
from kigezi.exporting.wording import log_contract, log_doubt, log_unknown
from kigezi.folders import PhotographLibrary
from kigezi.learning.examples import Examples
from kigezi.photos.geometry import fit
from kigezi.photos.making import encode
from kigezi.photos.reading import decode, pixel_limit
from kigezi.photos.surveying import Limits, survey_unlabelled
from kigezi.photos.unknown import draw_unknown
from kigezi.progress import progress
from kigezi.quiet import import_keras
from kigezi.records import Trial
from kigezi.schemas import ExportParameters, ImageParameters, IngestParameters
from kigezi.statistics.tables import groups_by_photograph
from kigezi.stores import Exported, Tracking

_log = logging.getLogger(__name__)

_MOST_FITTED = 6000
"""training photographs that familiarity is fitted to"""


@dataclass(frozen=True)
class Calibration:
    """What the validation photographs say of the final model."""

    doubt: Doubt
    familiarity: Familiarity


@dataclass(frozen=True)
class Unknown:
    """Images that show none of the classes."""

    kinds: npt.NDArray[np.str_]
    """(images,), drawn or photographs"""
    images: npt.NDArray[np.uint8]
    """(images, side, side, 3), RGB from 0 to 255"""


def gather_unknown(
    export: ExportParameters,
    image: ImageParameters,
    ingest: IngestParameters,
    photographs: PhotographLibrary,
) -> Unknown:
    """Images that show none of the classes: drawn ones, and the user's if there are.

    Args:
        export: How many are drawn, and where photographs are.
        image: Working size and shape.
        ingest: Which photographs are usable.
        photographs: The library of photographs.

    Raises:
        DataError: None of the photographs is usable.
    """
    parts = {"drawn": draw_unknown(export.unknown.drawn, image.size)}
    if export.unknown.source is not None:
        folder = photographs.open(export.unknown.source, "export.unknown.source")
        limits = Limits(ingest.maximum_megapixels, ingest.minimum_side)
        found = survey_unlabelled(folder, limits)
        kept = found.loc[found["status"] == "kept", "path"]
        with pixel_limit(ingest.maximum_megapixels):
            images = [
                fit(decode(folder.read(path), image.size), image.size, image.fit)
                for path in progress(kept, len(kept), "export: other photographs")
            ]
        if not images:
            raise DataError(
                f"none of the {len(found)} files in {folder.root} is a usable "
                f"photograph, the first one because {found['reason'].iloc[0]}: name "
                "other ones as export.unknown.source."
            )
        parts["photographs"] = np.stack([np.asarray(one) for one in images])
    kinds = np.concatenate([[kind] * len(some) for kind, some in parts.items()])
    return Unknown(kinds, np.concatenate(list(parts.values())))


def calibrate(
    final_model: bytes,
    trial: Trial,
    examples: Examples,
    ledger: pd.DataFrame,
    export: ExportParameters,
) -> Calibration:
    """Temperature, thresholds and familiarity, from training and validation images.

    One photograph of each subject counts, for those of one are no independent evidence.

    Args:
        final_model: Of the study.
        trial: Its training.
        examples: Its images.
        ledger: Says which photographs show one subject.
        export: The risk that is allowed, and how certain that has to be.
    """
    import_keras()
    from kigezi.exporting.network import load_final_model, look

    model = load_final_model(final_model, trial.result.assignment.recipe)
    train = examples.rows("train", all_copies=False)
    every = -(-len(train) // _MOST_FITTED)
    _, maps = look(model, examples, train[::every])
    familiarity = Familiarity.fit(maps)
    rows = _one_a_subject(examples, "validation", ledger)
    logits, maps = look(model, examples, rows)
    labels = examples.labels[rows]
    temperature = find_temperature(logits, labels)
    familiar = familiarity.of(maps)
    least = float(np.quantile(familiar, export.refused))
    kept = familiar >= least
    confidences = _softmax(logits / temperature).max(axis=1)
    correct = logits.argmax(axis=1) == labels
    threshold = find_threshold(confidences[kept], correct[kept], export)
    doubt = Doubt(
        temperature=temperature,
        least_confidence=threshold.least_confidence,
        least_familiarity=least,
        risk=export.risk,
        risk_bound=threshold.risk_bound,
        certainty=export.certainty,
        photographs=len(rows),
        answered=threshold.answered / len(rows),
    )
    log_doubt(doubt)
    return Calibration(doubt, familiarity)


def convert_model(
    final_model: bytes,
    trial: Trial,
    examples: Examples,
    calibration: Calibration,
    image: ImageParameters,
    export: ExportParameters,
) -> tuple[dict[str, bytes], Card]:
    """The final model in every format, each file with its card inside.

    Returns:
        The files by kind, and the card.
    """
    import_keras()
    from kigezi.exporting.converting import (
        to_float16,
        to_int8,
        to_keras,
        to_litert,
        to_onnx,
    )
    from kigezi.exporting.network import build_shipped, load_final_model

    result = trial.result
    model = load_final_model(final_model, result.assignment.recipe)
    doubt = calibration.doubt
    shipped = build_shipped(model, doubt.temperature, calibration.familiarity)
    train = examples.rows("train", all_copies=True)
    count = min(export.calibration_images, len(train))
    some = train[np.linspace(0, len(train) - 1, count).astype(int)]
    litert = to_litert(shipped)
    models = {
        "keras": to_keras(shipped),
        "float32": litert,
        "float16": to_float16(litert),
        "int8": to_int8(litert, examples.images[some]),
        "onnx": to_onnx(shipped),
    }
    card = Card(
        name=export.name,
        classes=result.classes,
        size=image.size,
        fit=image.fit,
        doubt=doubt,
        dataset=result.dataset,
        training=result.key,
        made_with=library_versions(),
    )
    return {kind: with_card(kind, data, card) for kind, data in models.items()}, card


def measure_files(
    models: Mapping[str, bytes],
    card: Card,
    examples: Examples,
    unknown: Unknown,
    ledger: pd.DataFrame,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, Figure]:
    """Run every file on the whole test set, and on images of other things.

    Returns:
        A row a file; a row a test image that a file answers otherwise than Keras does;
        a row a file and kind of other things; and risk against coverage.
    """
    import_keras()
    rows = examples.judged("test")
    labels = examples.labels[rows]
    groups = _groups(examples, rows, ledger)
    photo_ids = examples.photo_ids[rows]
    images = np.concatenate([examples.images[rows], unknown.images])
    known, others = {}, {}
    shown = progress(models.items(), len(models), "export: files run on the test set")
    for kind, data in shown:
        answers = run_file(kind, data, images)
        known[kind] = Answers(*(part[: len(rows)] for part in answers))
        others[kind] = Answers(*(part[len(rows) :] for part in answers))
    table = compare_files(models, known, labels, groups, card.doubt)
    changes = list_changes(known, labels, photo_ids, card.classes)
    refused = compare_unknown(known, others, unknown.kinds, card.doubt)
    log_contract(table)
    log_unknown(refused)
    return table, changes, refused, plot_risk(known["float32"], labels, card.doubt)


def pack_files(
    models: Mapping[str, bytes],
    card: Card,
    table: pd.DataFrame,
    unknown: pd.DataFrame,
    export: ExportParameters,
) -> dict[str, bytes]:
    """All that is shipped, by file name, unless a file is past its budget.

    Raises:
        DataError: A file loses or weighs more than `export.budgets` allows.
    """
    check_budgets(table, export.budgets)
    return pack(models, card, describe_model(card, table, unknown))


def register_model(
    exported: Exported, trial: Trial, examples: Examples, tracking: Tracking
) -> None:
    """Register the model with MLflow, ready to be served.

    Args:
        exported: What was shipped.
        trial: The final model.
        examples: One image of them becomes the example.
        tracking: The study's runs.
    """
    example = examples.images[examples.judged("test")[0]]
    tracking.register(exported, trial.result, encode(Image.fromarray(example)))


def _one_a_subject(
    examples: Examples, split: str, ledger: pd.DataFrame
) -> npt.NDArray[np.int64]:
    """Rows of a split, the first of each group of photographs."""
    rows = examples.judged(split)
    _, first = np.unique(_groups(examples, rows, ledger), return_index=True)
    return rows[np.sort(first)]


def _groups(
    examples: Examples, rows: npt.NDArray[np.int64], ledger: pd.DataFrame
) -> npt.NDArray[np.str_]:
    ids = pd.Series(examples.photo_ids[rows])
    return ids.map(groups_by_photograph(ledger)).to_numpy(str)


def _softmax(logits: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    from scipy.special import softmax

    return softmax(logits, axis=1)
