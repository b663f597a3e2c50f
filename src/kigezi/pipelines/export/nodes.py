"""Nodes of the export pipeline. Keras is imported only where a model is needed."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from kigezi.answering.card import PLAIN, Card
from kigezi.errors import DataError
from kigezi.exporting.calibrating import find_temperature, set_doubt
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
from kigezi.stores import Exported, Tracking

_log = logging.getLogger(__name__)

_MOST_FITTED = 6000
"""training photographs that familiarity is fitted to"""


@dataclass(frozen=True)
class Calibration:
    """What is added to the final model before it is shipped."""

    temperature: float
    """by which logits are divided"""
    familiarity: Familiarity
    rows: npt.NDArray[np.int64]
    """of independent validation photographs, one of each subject, among the examples"""


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
) -> Calibration:
    """Temperature and familiarity, from validation and training images.

    Args:
        final_model: Of the study.
        trial: Its training.
        examples: Its images.
        ledger: Says which photographs show one subject.

    Raises:
        DataError: The model was trained or chosen on what it is judged on.
    """
    protocol = trial.result.assignment.protocol
    if not protocol.honest:
        raise DataError(
            f"this model is {protocol.words} (tune.protocol), so that neither its "
            "accuracy nor what it promises would hold elsewhere: it is not exported. "
            "Export that of an honest study."
        )
    import_keras()
    from kigezi.exporting.network import load_final_model, look

    model = load_final_model(final_model, trial.result.assignment.recipe)
    train = examples.rows("train", all_copies=False)
    every = -(-len(train) // _MOST_FITTED)
    _, means = look(model, examples, train[::every])
    rows = _one_a_subject(examples, "validation", ledger)
    logits, _ = look(model, examples, rows)
    temperature = find_temperature(logits, examples.labels[rows])
    return Calibration(temperature, Familiarity.fit(means), rows)


def convert_model(
    final_model: bytes,
    trial: Trial,
    examples: Examples,
    calibration: Calibration,
    export: ExportParameters,
) -> dict[str, bytes]:
    """The final model in every format, by kind."""
    import_keras()
    from kigezi.exporting.converting import (
        to_float16,
        to_int8,
        to_keras,
        to_litert,
        to_onnx,
    )
    from kigezi.exporting.network import build_shipped, load_final_model

    model = load_final_model(final_model, trial.result.assignment.recipe)
    shipped = build_shipped(model, calibration.temperature, calibration.familiarity)
    train = examples.rows("train", all_copies=True)
    count = min(export.calibration_images, len(train))
    some = train[np.linspace(0, len(train) - 1, count).astype(int)]
    litert = to_litert(shipped)
    return {
        "keras": to_keras(shipped),
        "float32": litert,
        "float16": to_float16(litert),
        "int8": to_int8(litert, examples.images[some]),
        "onnx": to_onnx(shipped),
    }


def set_thresholds(
    bare: Mapping[str, bytes],
    trial: Trial,
    examples: Examples,
    calibration: Calibration,
    image: ImageParameters,
    export: ExportParameters,
) -> tuple[dict[str, bytes], dict[str, Card]]:
    """Each file with a card inside that says when it is unsure.

    Returns:
        The files and their cards, by kind.
    """
    import_keras()
    rows, temperature = calibration.rows, calibration.temperature
    labels, cards = examples.labels[rows], {}
    for kind, data in bare.items():
        answers = run_file(kind, data, examples.images[rows])
        cards[kind] = Card(
            name=export.name,
            classes=trial.result.classes,
            size=image.size,
            fit=image.fit,
            doubt=set_doubt(answers, labels, temperature, export),
            dataset=trial.result.dataset,
            training=trial.result.key,
            made_with=library_versions(),
        )
    log_doubt(cards[PLAIN].doubt)
    return {kind: with_card(kind, bare[kind], cards[kind]) for kind in bare}, cards


def measure_files(
    models: Mapping[str, bytes],
    cards: Mapping[str, Card],
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
    groups = _column("group_id", examples, rows, ledger)
    paths = _column("path", examples, rows, ledger)
    images = np.concatenate([examples.images[rows], unknown.images])
    known, others = {}, {}
    shown = progress(models.items(), len(models), "export: files run on the test set")
    for kind, data in shown:
        answers = run_file(kind, data, images)
        known[kind] = Answers(*(part[: len(rows)] for part in answers))
        others[kind] = Answers(*(part[len(rows) :] for part in answers))
    doubts = {kind: card.doubt for kind, card in cards.items()}
    plain = cards[PLAIN]
    table = compare_files(models, known, labels, groups, doubts)
    changes = list_changes(known, labels, paths, plain.classes)
    refused = compare_unknown(known, others, unknown.kinds, doubts)
    log_contract(table)
    log_unknown(refused)
    return table, changes, refused, plot_risk(known[PLAIN], labels, plain.doubt)


def pack_files(
    models: Mapping[str, bytes],
    cards: Mapping[str, Card],
    table: pd.DataFrame,
    unknown: pd.DataFrame,
    export: ExportParameters,
) -> dict[str, bytes]:
    """All that is shipped, by file name, unless a file is past its budget.

    Raises:
        DataError: A file loses or weighs more than `export.budgets` allows.
    """
    check_budgets(table, export.budgets)
    card = cards[PLAIN]
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
    _log.info(
        "The files stand in %s; `kedro run --pipeline=predict` and `--pipeline=app` "
        "answer with them",
        exported.folder,
    )


def _one_a_subject(
    examples: Examples, split: str, ledger: pd.DataFrame
) -> npt.NDArray[np.int64]:
    """Rows of a split, the first of each group of photographs."""
    rows = examples.judged(split)
    groups = _column("group_id", examples, rows, ledger)
    _, first = np.unique(groups, return_index=True)
    return rows[np.sort(first)]


def _column(
    name: str, examples: Examples, rows: npt.NDArray[np.int64], ledger: pd.DataFrame
) -> npt.NDArray[np.str_]:
    """What the ledger says of the photographs of these rows."""
    kept = ledger[ledger["status"] == "kept"].set_index("photo_id")
    return kept.loc[examples.photo_ids[rows], name].to_numpy(str)
