import logging
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kedro.io import AbstractDataset
from PIL import Image

from kigezi.answering.deciding import COLUMNS
from kigezi.datasets.exported import ExportedDataset
from kigezi.datasets.photographs import PhotographsDataset
from kigezi.errors import ConfigurationError, DataError
from kigezi.folders import PhotographFolder
from kigezi.pipelines.predict.nodes import answer_photographs, draw_answers
from kigezi.schemas import PredictParameters
from tests.coloured_export import SmallExport, coloured
from tests.conftest import make_loader
from tests.pictures import encoded, ingest_parameters, picture, write_tree
from tests.projects import PROJECT

# What may be unlike the photographs is of no interest but where it is asked for.
ANY = {"least_familiarity": -1e9, "least_confidence": 0.0}
KNOWN = [
    encoded(Image.fromarray(pixels), "PNG") for pixels in coloured(6, seed=21, size=80)
]
NAMED = {f"{number}/{number}.png": data for number, data in enumerate(KNOWN)}
ODD = {
    "broken.jpg": encoded(picture(3))[:-200],
    "empty.jpg": b"",
    "small.png": encoded(picture(1, (12, 40)), "PNG"),
    "text.jpg": b"this is no photograph",
}


def _predict(**changes: Any) -> PredictParameters:
    plain = {"source": "new", "model": "float32", "shown": 60}
    return PredictParameters.model_validate({**plain, **changes})


class Place:
    """A project with an exported model and new photographs."""

    def __init__(self, root: Path, export: SmallExport) -> None:
        self._export, self._root = export, root
        self.photographs = PhotographsDataset(path=str(root), unpacked="un").load()
        self.ingest = ingest_parameters()

    def answer(
        self, files: dict[str, bytes], doubt: dict[str, float] = ANY, **changes: Any
    ) -> pd.DataFrame:
        """The table for these files."""
        write_tree(self._root / "new", files)
        dataset = ExportedDataset(path=str(self._root / "exported"))
        dataset.save(self._export.files(**doubt))
        exported, predict = dataset.load(), _predict(**changes)
        table = answer_photographs(predict, self.ingest, self.photographs, exported)
        assert list(table.columns) == ["file", "status", *COLUMNS]
        return table

    def draw(self, table: pd.DataFrame, **changes: Any) -> list[str]:
        """All that is written on the sheet, after it was saved as the catalog does."""
        figure = draw_answers(table, _predict(**changes), self.photographs)
        figure.savefig(self._root / "answers.png", dpi=40)
        parts = [figure, *figure.subfigs]
        titles = [axes.get_title() for axes in figure.axes if axes.images]
        return [part.get_suptitle() for part in parts] + titles


@pytest.fixture
def place(tmp_path: Path, small_export: SmallExport) -> Place:
    return Place(tmp_path, small_export)


@pytest.mark.parametrize("model", ["float32", "float16", "int8"])
def test_photographs_are_answered_wherever_they_lie(place: Place, model: str) -> None:
    table = place.answer(NAMED, model=model)
    assert table["file"].tolist() == sorted(NAMED)
    assert table["answer"].tolist() == ["7", "NA", "unsure"] * 2
    assert table["first"].tolist() == table["answer"].tolist()
    assert set(table["status"]) == {"answered"}
    assert set(table["reason"]) == {""}
    total = table.filter(like="_probability").sum(axis=1)
    np.testing.assert_allclose(total, 1, atol=1e-4)


def test_what_cannot_be_read_has_a_row_with_a_reason(
    place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    write_tree(tmp_path / "new", {"good.png": KNOWN[0], ".DS_Store": b"x"})
    (tmp_path / "new" / "link.jpg").symlink_to(tmp_path / "new" / "good.png")
    (tmp_path / "new" / "loop").symlink_to(tmp_path / "new")
    (tmp_path / "new" / "nothing").mkdir()
    table = place.answer(ODD).set_index("file")
    assert list(table.index) == sorted([*ODD, "good.png", "link.jpg", "loop"])
    unread = table.drop(index="good.png")
    assert set(unread["status"]) == {"not read"}
    assert set(unread["answer"]) == set(unread["first"]) == {""}
    assert unread["confidence"].isna().all()
    words = {
        "broken.jpg": "cut short or damaged",
        "empty.jpg": "the file is empty",
        "link.jpg": "it is a link",
        "loop": "it is a link",
        "small.png": "fewer than 16 pixels",
        "text.jpg": "it is text",
    }
    for name, said in words.items():
        assert said in unread.loc[name, "reason"]
        assert ":" in unread.loc[name, "reason"]  # what to do stands behind it
    said = "Of 7 files 1 were answered, 0 unsure, 6 not read"
    assert any(message.startswith(said) for message in caplog.messages)


def test_a_file_that_goes_away_meanwhile_has_a_row(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = PhotographFolder.read
    reads: list[str] = []

    def read_once(folder: PhotographFolder, path: str) -> bytes:
        reads.append(path)
        if reads.count("b.png") > 1:
            raise FileNotFoundError("no such file")
        return read(folder, path)

    monkeypatch.setattr(PhotographFolder, "read", read_once)
    table = place.answer({"a.png": KNOWN[0], "b.png": KNOWN[1]}).set_index("file")
    assert table.loc["b.png", "status"] == "not read"
    assert "any more (no such file): run" in table.loc["b.png", "reason"]
    assert table.loc["a.png", "status"] == "answered"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs POSIX")
def test_a_pipe_does_not_hold_anything_up(place: Place, tmp_path: Path) -> None:
    write_tree(tmp_path / "new", {"good.png": KNOWN[0]})
    os.mkfifo(tmp_path / "new" / "pipe.jpg")
    assert place.answer({})["status"].tolist()[0] == "answered"


def test_unsure_answers_say_why(place: Place) -> None:
    sure = place.answer(NAMED)["confidence"].sort_values().tolist()
    middle = (sure[2] + sure[3]) / 2
    table = place.answer(NAMED, ANY | {"least_confidence": middle})
    assert (table["status"] == "unsure").sum() == 3
    unsure = table[table["status"] == "unsure"]
    assert set(unsure["answer"]) == {"unsure"}
    assert set(unsure["reason"]) == {"no class is probable enough"}
    assert set(unsure["first"]) <= {"7", "NA", "unsure"}
    noise = np.random.default_rng(0).integers(0, 256, (80, 80, 3), np.uint8)
    own = place.answer({"noise.png": encoded(Image.fromarray(noise), "PNG")}, {})
    row = own.set_index("file").loc["noise.png"]
    assert row["status"] == "unsure"
    assert row["reason"].startswith("it does not look like")


def test_a_table_survives_the_catalog(place: Place, tmp_path: Path) -> None:
    names = {"7": KNOWN[0], "8": KNOWN[1], "NA": KNOWN[2], "null": b"", "1.5": b"x"}
    table = place.answer(names)
    back = _through_the_catalog(table, tmp_path)
    pd.testing.assert_frame_equal(back, table)
    assert back["answer"].tolist() == ["", "7", "NA", "unsure", ""]
    assert back["status"].tolist()[1:4] == ["answered"] * 3


@pytest.mark.parametrize("files", [{"7": KNOWN[0]}, {"7": b"", "NA": b"x"}])
def test_a_table_of_one_kind_survives_the_catalog(
    place: Place, tmp_path: Path, files: dict[str, bytes]
) -> None:
    table = place.answer(files)
    back = _through_the_catalog(table, tmp_path)
    pd.testing.assert_frame_equal(back, table)
    place.draw(back)


def _through_the_catalog(table: pd.DataFrame, folder: Path) -> pd.DataFrame:
    config = make_loader(PROJECT / "conf", "base")["catalog"]["answers"]
    config = {**config, "filepath": str(folder / "answers.csv")}
    dataset = AbstractDataset.from_config("answers", config)
    dataset.save(table)
    return dataset.load()


def test_the_sheet_tells_being_unsure_from_a_class_of_that_name(place: Place) -> None:
    sure = place.answer(NAMED)["confidence"].min()
    table = place.answer(NAMED, ANY | {"least_confidence": float(sure) + 1e-6})
    written = place.draw(table)
    assert written[1] == "unsure: 1"
    answered = table[table["status"] == "answered"]["answer"].value_counts()
    assert written[2:5] == [
        f"7: {answered['7']}",
        f"NA: {answered['NA']}",
        f"the class unsure: {answered['unsure']}",
    ]
    assert len(written) == 5 + len(NAMED)


def test_the_sheet_shows_the_least_confident(place: Place) -> None:
    table = place.answer(NAMED)
    written = place.draw(table, shown=4)
    assert written[1:4] == [
        f"{label}: 2, the 1 least confident"
        for label in ("7", "NA", "the class unsure")
    ]
    least = table.sort_values("confidence").drop_duplicates("answer")["file"]
    assert {title.split("\n")[0] for title in written[4:]} == set(least)


@pytest.mark.filterwarnings("error")
def test_a_sheet_without_any_photograph(place: Place) -> None:
    table = place.answer(ODD)
    assert set(table["status"]) == {"not read"}
    title = f"Answers for new photographs ({len(ODD)} not read, see answers.csv)"
    assert place.draw(table) == [title, "nothing could be read"]


def test_an_archive_is_answered_for(place: Place, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "new.zip", "w") as archive:
        for name, data in (NAMED | ODD).items():
            archive.writestr(name, data)
    table = place.answer({}, source="new.zip")
    assert (table["status"] == "answered").sum() == len(NAMED)
    assert len(table) == len(NAMED) + len(ODD)
    assert len(place.draw(table, source="new.zip")) > len(NAMED)


def test_no_source_gets_a_sentence(place: Place) -> None:
    with pytest.raises(ConfigurationError) as caught:
        place.answer({}, source=None)
    said = caught.value.message
    assert said.startswith("predict.source names no photographs yet: add --params=")
    assert "\n" not in said


@pytest.mark.parametrize("files", [{}, {".DS_Store": b"x", "Thumbs.db": b"y"}])
def test_a_folder_without_photographs_gets_a_sentence(
    place: Place, tmp_path: Path, files: dict[str, bytes]
) -> None:
    (tmp_path / "new").mkdir()
    with pytest.raises(DataError, match=r"no photographs in .*new.* predict\.source"):
        place.answer(files)


def test_nothing_at_the_source_gets_a_sentence(place: Place) -> None:
    with pytest.raises(DataError, match=r"predict\.source names .*nowhere, and"):
        place.answer({}, source="nowhere")


def test_a_damaged_model_gets_a_sentence(place: Place, tmp_path: Path) -> None:
    place.answer(NAMED)
    (tmp_path / "exported" / "model_float32.tflite").write_bytes(b"TFL3")
    exported = ExportedDataset(path=str(tmp_path / "exported")).load()
    with pytest.raises(DataError, match="missing or damaged"):
        answer_photographs(_predict(), place.ingest, place.photographs, exported)
