import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from kigezi.answering.card import CARD, FILES
from kigezi.datasets.exported import Exported, ExportedDataset
from kigezi.errors import DataError
from kigezi.exporting.packing import CHECKSUMS, LABELS, pack, with_card
from tests.cards import make_card

MODELS = {"keras": b"keras", "float32": b"lite rt" * 99}
CARD_OF_ALL = make_card(classes=("7", "NA", "unsure"))


def _files(**models: bytes) -> dict[str, bytes]:
    return pack(MODELS | models, CARD_OF_ALL, "# Page\n")


@pytest.fixture
def dataset(tmp_path: Path) -> ExportedDataset:
    return ExportedDataset(path=str(tmp_path / "models" / "exported"))


def test_what_is_saved_is_loaded(dataset: ExportedDataset) -> None:
    assert not dataset.exists()
    dataset.save(_files())
    assert dataset.exists()
    found = dataset.load()
    assert found.card == CARD_OF_ALL
    assert found.path("float32").read_bytes() == MODELS["float32"]
    assert found.read(LABELS) == b"7\nNA\nunsure\n"
    assert {path.name for path in found.folder.iterdir()} == set(_files())


def test_files_may_lie_in_folders(dataset: ExportedDataset) -> None:
    dataset.save({"a/b/c.txt": b"deep"})
    assert (dataset.load().folder / "a" / "b" / "c.txt").read_bytes() == b"deep"


def test_a_folder_is_replaced_as_a_whole(dataset: ExportedDataset) -> None:
    dataset.save(_files(int8=b"small") | {"old/notes.txt": b"old"})
    dataset.save(_files(float32=b"new"))
    folder = dataset.load().folder
    assert {path.name for path in folder.iterdir()} == set(_files())
    assert dataset.load().read(FILES["float32"]) == b"new"
    assert [path.name for path in folder.parent.iterdir()] == ["exported"]


class _Breaking(dict):
    """Files of which the third one cannot be had."""

    def items(self) -> Iterator[tuple[str, bytes]]:
        yield from list(super().items())[:2]
        raise KeyboardInterrupt


@pytest.mark.parametrize("before", [None, _files()])
def test_a_folder_is_written_whole_or_not_at_all(
    dataset: ExportedDataset, tmp_path: Path, before: Mapping[str, bytes] | None
) -> None:
    if before:
        dataset.save(before)
    with pytest.raises(KeyboardInterrupt):
        dataset.save(_Breaking(_files(float32=b"new")))
    files = {path.name: path for path in tmp_path.rglob("*") if path.is_file()}
    assert {name: path.read_bytes() for name, path in files.items()} == (before or {})
    assert dataset.exists() == bool(before)


def _change(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _shorten(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


@pytest.mark.parametrize("damage", [_change, _shorten, Path.unlink])
@pytest.mark.parametrize("name", [FILES["float32"], CARD, CHECKSUMS])
def test_damage_ends_with_a_sentence(
    dataset: ExportedDataset, name: str, damage: Callable[[Path], object]
) -> None:
    dataset.save(_files())
    found = dataset.load()
    damage(found.folder / name)
    with pytest.raises(DataError, match="missing or damaged: run `kedro run") as caught:
        _use(found)
    assert "--pipeline=export` again" in caught.value.message
    assert "\n" not in caught.value.message


def _use(found: Exported) -> None:
    for kind in MODELS:
        found.path(kind)
    found.read(LABELS)
    assert found.card


def test_a_kind_that_was_not_made(dataset: ExportedDataset) -> None:
    dataset.save(_files())
    with pytest.raises(DataError, match="model_int8"):
        dataset.load().path("int8")


def test_a_folder_that_is_gone(dataset: ExportedDataset) -> None:
    dataset.save(_files())
    found = dataset.load()
    shutil.rmtree(found.folder)
    with pytest.raises(DataError, match=r"SHA256SUMS is missing or damaged"):
        _ = found.card


def test_a_card_within_a_file_is_read(dataset: ExportedDataset) -> None:
    mine = CARD_OF_ALL.model_copy(update={"name": "mine"})
    models = MODELS | {"int8": with_card("int8", b"TFL3", mine)}
    dataset.save(pack(models, CARD_OF_ALL, "page"))
    exported = dataset.load()
    assert exported.card_of("int8") == mine
    assert exported.card == CARD_OF_ALL
    with pytest.raises(DataError, match=r"float32\.tflite is missing or damaged"):
        exported.card_of("float32")
