"""What is put into and beside the exported files, so that each explains itself."""

import hashlib
import zipfile
from collections.abc import Iterable, Mapping
from io import BytesIO

from kigezi.answering.card import CARD, FILES, Card

CHECKSUMS = "SHA256SUMS"
LABELS = "labels.txt"


def with_card(kind: str, data: bytes, card: Card) -> bytes:
    """The model file with its card inside, where its format has a place for it.

    A `.keras` file is a ZIP archive, LiteRT's metadata are one behind the model
    (https://ai.google.dev/edge/litert/models/metadata), and ONNX has properties.

    Args:
        kind: One of `FILES`.
        data: The file without a card.
        card: What goes into it, as `card.json` and `labels.txt`.
    """
    text, labels = card.model_dump_json(indent=1), _lines(card.classes)
    if kind == "onnx":
        import onnx

        model = onnx.load_model_from_string(data)
        onnx.helper.set_model_props(model, {CARD: text, LABELS: labels})
        return model.SerializeToString()
    buffer = BytesIO(data)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(_undated(CARD), text)
        archive.writestr(_undated(LABELS), labels)
    return buffer.getvalue()


def card_within(kind: str, data: bytes) -> Card:
    """The card that `with_card` put into a file.

    Args:
        kind: One of `FILES`.
        data: The file.

    Raises:
        ValueError: There is none.
    """
    if kind == "onnx":
        import onnx

        properties = onnx.load_model_from_string(data).metadata_props
        text = {one.key: one.value for one in properties}.get(CARD, "")
        return Card.model_validate_json(text)
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return Card.model_validate_json(archive.read(CARD))
    except (zipfile.BadZipFile, KeyError) as error:
        raise ValueError(f"there is no card in it ({error})") from error


def pack(models: Mapping[str, bytes], card: Card, page: str) -> dict[str, bytes]:
    """All files that are shipped, by name, with checksums of each.

    Args:
        models: Model files by kind.
        card: That stands beside them.
        page: What a person should know of them, in Markdown.
    """
    files = {FILES[kind]: data for kind, data in models.items()}
    files[CARD] = card.model_dump_json(indent=1).encode()
    files[LABELS] = _lines(card.classes).encode()
    files["README.md"] = page.encode()
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    checksums = _lines(f"{digest}  {name}" for name, digest in sums.items())
    return files | {CHECKSUMS: checksums.encode()}


def _undated(name: str) -> zipfile.ZipInfo:
    """An entry without the time of day: the same card makes the same bytes."""
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o644 << 16
    return entry


def _lines(items: Iterable[str]) -> str:
    return "".join(f"{item}\n" for item in items)
