import hashlib
import json
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from kigezi.errors import ConfigurationError
from kigezi.exporting.web_page import RUNTIME, assemble_page, check_names, read_texts
from tests.cards import fetched, make_card
from tests.projects import PROJECT

PAGE = PROJECT / "src/kigezi/app"
FETCHED = {package: fetched(package) for package in RUNTIME}


def _page(model: bytes = b"model", **changes: object) -> dict[str, bytes]:
    return assemble_page(make_card(**changes), model, FETCHED, read_texts(None))


def test_every_file_is_listed_with_its_digest() -> None:
    files = _page()
    listed = json.loads(files["files.json"])["files"]
    assert listed.keys() == files.keys() - {"files.json"}
    for name, digest in listed.items():
        assert hashlib.sha256(files[name]).hexdigest() == digest
    assert {path.name for path in PAGE.iterdir()} <= files.keys()
    assert files["runtime/wasm-utils/dist/index.js"] == b"code"


def test_the_licence_of_the_runtime_is_shipped() -> None:
    text = _page()["LICENSES.txt"].decode()
    for package in RUNTIME:
        assert f"\n{package} 1.2.3, Apache-2.0\n" in text
    assert "TERMS AND CONDITIONS FOR USE" in text
    assert text.count("Apache License") >= 2


def test_the_card_decides_what_the_page_answers() -> None:
    told = json.loads(_page(least_confidence=0.7, fit="pad")["model.json"])
    assert told["confidence_threshold"] == 0.7
    assert told["familiarity_threshold"] == -2.0
    assert (told["fit"], told["size"]) == ("pad", 96)
    assert told["classes"] == list(make_card().classes)


def test_whatever_changes_is_another_version() -> None:
    pages = [_page(), _page(b"other"), _page(least_confidence=0.7), _page(name="other")]
    versions = [json.loads(page["files.json"])["version"] for page in pages]
    assert len(set(versions)) == len(pages)
    again = json.loads(_page()["files.json"])
    assert again == json.loads(pages[0]["files.json"])
    assert again["version"] == json.loads(_page()["model.json"])["version"]


def test_icons_are_squares_of_their_size() -> None:
    files = _page()
    for side in (192, 512):
        image = Image.open(BytesIO(files[f"icon-{side}.png"]))
        assert image.size == (side, side)
        assert len(image.getcolors(side * side) or []) > 2


def test_a_translation_has_to_say_everything(tmp_path: Path) -> None:
    texts = read_texts(None)
    path = tmp_path / "texts.json"
    translated = {**texts, "lang": "cgg", "title": "Ekishushani"}
    path.write_text(json.dumps(translated), encoding="utf-8")
    assert read_texts(path) == translated
    path.write_text(json.dumps({"title": "Ekishushani"}), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"lacks advice.*unsure"):
        read_texts(path)
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="lacks all"):
        read_texts(path)


@pytest.mark.parametrize("text", ["sicher", "{per_cent} sicher"])
def test_a_translation_keeps_what_stands_in_braces(tmp_path: Path, text: str) -> None:
    path = tmp_path / "texts.json"
    path.write_text(json.dumps({**read_texts(None), "sure": text}), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"sure is .*should hold {percent}"):
        read_texts(path)


def test_names_of_classes_that_there_are_not() -> None:
    texts = {"classes": {"Late blight": "Kraut- und Knollenfäule"}}
    check_names(texts, ["Late blight", "healthy"])
    with pytest.raises(ConfigurationError, match=r"names Late blight; .* are healthy"):
        check_names(texts, ["healthy"])


def test_texts_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    path = tmp_path / "texts.json"
    with pytest.raises(ConfigurationError, match=r"texts\.json, and there is no such"):
        read_texts(path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="cannot be read as JSON"):
        read_texts(path)
