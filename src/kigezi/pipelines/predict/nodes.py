"""Nodes of the predict pipeline. They start fast: TensorFlow is not imported."""

import logging
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from kigezi.answering.classifier import Classifier
from kigezi.answering.deciding import COLUMNS, UNLIKE, UNSURE, as_row
from kigezi.errors import ConfigurationError
from kigezi.folders import PhotographFolder, PhotographLibrary
from kigezi.pair_pictures import thumbnail
from kigezi.photos.surveying import Limits, survey_unlabelled
from kigezi.picture_grid import Picture, plot_grid
from kigezi.progress import progress
from kigezi.schemas import IngestParameters, PredictParameters
from kigezi.stores import Exported

_log = logging.getLogger(__name__)

_COLUMNS = 6
"""photographs beside each other"""

_ANSWERED, _NOT_READ = "answered", "not read"
"""what a file may be, besides `UNSURE`; a class may be called like any of them"""

_NO_ANSWER = {
    name: "" if kind is str else float("nan") for name, kind in COLUMNS.items()
}


def answer_photographs(
    predict: PredictParameters,
    ingest: IngestParameters,
    photographs: PhotographLibrary,
    exported: Exported,
) -> pd.DataFrame:
    """Classify every photograph below a folder or in an archive.

    Args:
        predict: Where the photographs are, and which file answers.
        ingest: Which photographs are usable.
        photographs: The library of photographs.
        exported: What the study shipped.

    Returns:
        A row a file, sorted by path: `file`, `status` (answered, unsure or not read),
        `answer` (a class, "unsure" or empty), `confidence`, `reason` (why it is unsure
        or was not read, and what to do), `familiarity`, and the three most probable
        classes with their probabilities.

    Raises:
        ConfigurationError: `predict.source` names nothing.
    """
    folder = _open(predict, photographs)
    limits = Limits(ingest.maximum_megapixels, ingest.minimum_side)
    found = survey_unlabelled(folder, limits)
    kind = predict.model
    classifier = Classifier(exported.path(kind), exported.card_of(kind))
    seen = found[found["status"] != "ignored"]  # that is the system's own
    columns = seen[["path", "status", "reason"]].itertuples(index=False)
    rows = []
    for path, status, reason in progress(columns, len(seen), "predict: files"):
        answer = _NO_ANSWER | {"reason": reason}
        if status == "kept":
            answer = _answer(classifier, folder, path, ingest.maximum_megapixels)
        rows.append({"file": path, "status": _status(answer)} | answer)
    table = pd.DataFrame(rows, columns=["file", "status", *COLUMNS])
    _say(table["status"].value_counts())
    return table


def draw_answers(
    table: pd.DataFrame, predict: PredictParameters, photographs: PhotographLibrary
) -> Figure:
    """The photographs with their answers, unsure ones first and in a red frame.

    Args:
        table: From `answer_photographs`.
        predict: Where the photographs are, and how many are drawn.
        photographs: The library of photographs.
    """
    folder = _open(predict, photographs)
    answered = table[table["status"] == _ANSWERED]
    unsure = table[table["status"] == UNSURE]
    parts = {UNSURE: unsure} if len(unsure) else {}
    for label, rows in answered.groupby("answer"):
        parts[f"the class {label}" if label == UNSURE else label] = rows
    of_each = max(1, predict.shown // max(1, len(parts)))
    sections = {}
    for label, part in parts.items():
        rows = part.sort_values(["confidence", "file"])
        some = rows.head(of_each)
        heading = f"{label}: {len(rows)}"
        if len(some) < len(rows):
            heading += f", the {len(some)} least confident"
        sections[heading] = [_picture(row, folder) for _, row in some.iterrows()]
    unread = int((table["status"] == _NOT_READ).sum())
    title = "Answers for new photographs"
    title += f" ({unread} not read, see answers.csv)" if unread else ""
    return plot_grid(sections or {"nothing could be read": []}, _COLUMNS, title)


def _open(
    predict: PredictParameters, photographs: PhotographLibrary
) -> PhotographFolder:
    if predict.source is None:
        raise ConfigurationError(
            "predict.source names no photographs yet: add "
            "--params=predict.source=/path/to/photographs, or name them in "
            "conf/base/parameters_predict.yml."
        )
    return photographs.open(predict.source, "predict.source")


def _answer(
    classifier: Classifier,
    folder: PhotographFolder,
    path: str,
    maximum_megapixels: float,
) -> dict[str, Any]:
    try:
        return as_row(classifier.classify(folder.read(path), maximum_megapixels))
    except Exception as error:  # it was usable a moment ago, when it was checked
        said = " ".join(str(error).split()) or type(error).__name__
        reason = f"it cannot be read any more ({said}): run the same command again"
        return _NO_ANSWER | {"reason": reason}


def _status(answer: dict[str, Any]) -> str:
    if not answer["answer"]:
        return _NOT_READ
    return UNSURE if answer["reason"] else _ANSWERED


def _picture(row: pd.Series, folder: PhotographFolder) -> Picture:
    unsure = row["status"] == UNSURE
    said = f"{100 * row['confidence']:.1f} %"
    if unsure:
        unlike = "unlike" if UNLIKE in row["reason"] else "too low"
        said = f"{row['first']} {said}: {unlike}"
    return Picture(thumbnail(folder.read(row["file"])), (row["file"], said), unsure)


def _say(counts: pd.Series) -> None:
    _log.info(
        "Of %s files %s were answered, %s unsure, %s not read: see answers.csv and "
        "answers.png in data/08_reporting",
        *(f"{counts.sum():,}", f"{counts.get(_ANSWERED, 0):,}"),
        *(f"{counts.get(UNSURE, 0):,}", f"{counts.get(_NOT_READ, 0):,}"),
    )
