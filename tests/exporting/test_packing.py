import subprocess
import zipfile
from io import BytesIO
from pathlib import Path
from shutil import which

import onnx
import pytest

from kigezi.answering.card import CARD, FILES, Card
from kigezi.exporting.packing import CHECKSUMS, LABELS, card_within, pack, with_card
from tests.cards import make_card
from tests.coloured_export import SmallExport


@pytest.mark.parametrize("kind", ["keras", "float32", "float16", "int8"])
def test_the_card_is_within_the_file(small_export: SmallExport, kind: str) -> None:
    with zipfile.ZipFile(BytesIO(small_export.models[kind])) as archive:
        assert archive.testzip() is None
        assert Card.model_validate_json(archive.read(CARD)) == small_export.cards[kind]
        assert archive.read(LABELS) == b"7\nNA\nunsure\n"


def test_the_card_is_among_the_properties_of_onnx(small_export: SmallExport) -> None:
    model = onnx.load_model_from_string(small_export.models["onnx"])
    found = {one.key: one.value for one in model.metadata_props}
    assert Card.model_validate_json(found[CARD]) == small_export.cards["onnx"]
    assert found[LABELS] == "7\nNA\nunsure\n"
    onnx.checker.check_model(model)


@pytest.mark.parametrize("kind", ["keras", "float32", "onnx"])
def test_a_file_without_a_card_is_told(small_export: SmallExport, kind: str) -> None:
    with pytest.raises(ValueError, match=r"[Cc]ard"):
        card_within(kind, small_export.bare[kind])
    assert card_within(kind, small_export.models[kind]) == small_export.cards[kind]


def test_the_same_card_makes_the_same_bytes(
    small_export: SmallExport, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = with_card("float32", b"TFL3", small_export.card)
    monkeypatch.setattr(zipfile.time, "time", lambda: 1_900_000_000.0)
    assert with_card("float32", b"TFL3", small_export.card) == first


@pytest.mark.skipif(which("sha256sum") is None, reason="needs sha256sum")
def test_checksums_are_what_sha256sum_reads(
    small_export: SmallExport, tmp_path: Path
) -> None:
    files = pack(small_export.models, small_export.card, "# Ä model\n")
    assert set(files) == {*FILES.values(), CARD, LABELS, "README.md", CHECKSUMS}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    lines = files[CHECKSUMS].decode().splitlines()
    assert {line[66:] for line in lines} == set(files) - {CHECKSUMS}
    check = ["sha256sum", "--check", "--strict", CHECKSUMS]
    done = subprocess.run(
        check, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": OK") == len(files) - 1
    (tmp_path / "README.md").write_text("other")
    done = subprocess.run(
        check, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "README.md: FAILED" in done.stdout


def test_classes_may_have_any_name() -> None:
    card = make_card(classes=("größe", "叶", 'a "b"', "7"))
    files = pack({}, card, "")
    assert files[LABELS].decode() == 'größe\n叶\na "b"\n7\n'
    assert Card.model_validate_json(files[CARD]) == card
