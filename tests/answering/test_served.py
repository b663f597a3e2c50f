import json
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from kigezi.answering.classifier import Classifier
from kigezi.answering.deciding import COLUMNS, as_row
from kigezi.answering.served import ServedModel
from kigezi.datasets.exported import Exported
from tests.bright_export import plain_photograph, write_export
from tests.pictures import encoded, picture
from tests.png import header, png

JPEG = encoded(picture(size=(200, 200)))
MANY_SCANS = JPEG[:-2] + b"\xff\xda\0\x08" * 501 + JPEG[-2:]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return write_export(tmp_path_factory.mktemp("exported"))


@pytest.fixture
def served(exported: Exported) -> ServedModel:
    paths = {"model": exported.path("float32"), "card": exported.folder / "card.json"}
    model = ServedModel()
    model.load_context(SimpleNamespace(artifacts=paths))
    return model


def _ask(model: ServedModel, *images: bytes) -> pd.DataFrame:
    return model.predict(None, pd.DataFrame({"image": images}))


def test_answers_are_those_of_the_classifier(
    served: ServedModel, exported: Exported
) -> None:
    images = [plain_photograph(20), plain_photograph(240, "PNG"), plain_photograph(128)]
    classifier = Classifier.open(
        exported.path("float32"), exported.folder / "card.json"
    )
    answers = _ask(served, *images)
    assert list(answers) == list(COLUMNS)
    assert list(answers["answer"]) == ["dark", "light", "unsure"]
    for row, image in zip(answers.to_dict("records"), images, strict=True):
        expected = as_row(classifier.classify(image))
        assert {k: v for k, v in expected.items() if v == v}.items() <= row.items()


def test_what_is_missing_is_null_in_json(served: ServedModel) -> None:
    (row,) = _ask(served, plain_photograph(20)).to_dict("records")
    assert (row["third"], row["third_probability"]) == ("", None)
    json.dumps(row, allow_nan=False)


def test_no_images_have_no_answers(served: ServedModel) -> None:
    assert _ask(served).to_dict("records") == []


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        (b"", "Image 1 is empty."),
        (b"a letter", "Image 1 is no photograph."),
        (plain_photograph(9, "TIFF"), "Image 1 is no photograph."),
        (JPEG[: len(JPEG) // 2], "Image 1 is cut short or damaged (image file is"),
        (MANY_SCANS, "Image 1 is cut short or damaged (it has more than 500 scans"),
        (
            png([(b"IHDR", header(60_000, 60_000)), (b"IDAT", b""), (b"IEND", b"")]),
            "Image 1 has more than 100 million pixels.",
        ),
        (
            png([(b"IHDR", header(11_000, 11_000)), (b"IDAT", b""), (b"IEND", b"")]),
            "Image 1 has more than 100 million pixels.",
        ),
    ],
)
def test_what_is_no_photograph_is_the_askers_mistake(
    served: ServedModel, image: bytes, sentence: str
) -> None:
    with pytest.raises(MlflowException) as raised:
        _ask(served, image)
    assert raised.value.get_http_status_code() == 400
    assert raised.value.message.startswith(sentence)
    assert raised.value.message.endswith(
        "Send a JPEG, PNG, WEBP, GIF or BMP file in base64, as `image` of a record in "
        "`dataframe_records`."
    )
    assert list(_ask(served, JPEG)["reason"]) == [""]


def test_the_image_that_cannot_be_read_is_named(served: ServedModel) -> None:
    with pytest.raises(MlflowException, match="Image 2 is no photograph"):
        _ask(served, plain_photograph(20), b"a letter", b"")


def test_requests_at_once_get_their_own_answers(
    served: ServedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interpreter has one place for an image, whoever put it there."""
    look, place = served._classifier.look, {}

    def look_slowly(pixels: np.ndarray) -> Any:
        place["image"] = pixels
        time.sleep(0.002)
        return look(place["image"])

    monkeypatch.setattr(served._classifier, "look", look_slowly)
    greys = [20, 240] * 20
    with ThreadPoolExecutor(8) as threads:
        tables = threads.map(lambda grey: _ask(served, plain_photograph(grey)), greys)
        answers = [table["answer"].item() for table in tables]
    assert answers == ["dark", "light"] * 20
