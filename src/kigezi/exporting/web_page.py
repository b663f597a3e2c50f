"""The page that classifies in a browser, put together from files: no network needed."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from importlib import metadata, resources
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from kigezi.answering.card import Card
from kigezi.errors import ConfigurationError

TEXTS = "texts.json"

LICENCES = "LICENSES.txt"

RUNTIME: dict[str, tuple[str, ...]] = {
    "core": (
        "dist/index.js",
        "wasm/litert_wasm_compat_internal.js",
        "wasm/litert_wasm_compat_internal.wasm",
    ),
    "wasm-utils": ("dist/index.js",),
}
"""files of LiteRT.js that the page asks for, by package"""

_ICON_SIDES = (192, 512)
_GROUND, _LEAF = (35, 139, 69), (237, 248, 233)
_FINER = 4
"""times that an icon is drawn larger, so that its edges are smooth"""


def assemble_page(
    card: Card,
    model: bytes,
    runtime: Mapping[str, Mapping[str, bytes]],
    texts: Mapping[str, Any],
) -> dict[str, bytes]:
    """Every file of the page, by path, with a list of them by which it stays whole.

    Args:
        card: Of the model.
        model: The LiteRT file.
        runtime: Files of each package of `RUNTIME`, by path in it.
        texts: All words of the page.
    """
    files = {
        file.name: file.read_bytes()
        for file in resources.files("kigezi").joinpath("app").iterdir()
        if file.is_file()
    }
    files |= {f"icon-{side}.png": _draw_icon(side) for side in _ICON_SIDES}
    for package, paths in RUNTIME.items():
        files |= {f"runtime/{package}/{one}": runtime[package][one] for one in paths}
    files |= {
        TEXTS: _json(texts),
        LICENCES: _tell_licences(runtime).encode(),
        "model.tflite": model,
    }
    about = {
        "study": card.name,
        "classes": card.classes,
        "size": card.size,
        "fit": card.fit,
        "confidence_threshold": card.doubt.least_confidence,
        "familiarity_threshold": card.doubt.least_familiarity,
    }
    version = hashlib.sha256(_json([about, _sums(files)])).hexdigest()
    files["model.json"] = _json(about | {"version": version})
    listed = {"version": version, "files": _sums(files)}
    return files | {"files.json": _json(listed)}


def read_texts(path: Path | None) -> dict[str, Any]:
    """The words of the page: English ones, or a translation that says all of them.

    Args:
        path: A JSON file like `src/kigezi/app/texts.json`, or none for that itself.

    Raises:
        ConfigurationError: There is no such file, it is no JSON, or texts are missing.
    """
    english = json.loads(
        resources.files("kigezi").joinpath("app", TEXTS).read_text("utf-8")
    )
    if path is None:
        return english
    if not path.is_file():
        raise ConfigurationError(f"app.texts names {path}, and there is no such file.")
    try:
        texts = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"app.texts names {path}, which cannot be read as JSON ({error}): copy "
            "src/kigezi/app/texts.json and translate what stands right of each colon."
        ) from None
    if not isinstance(texts, dict) or (missing := sorted(english.keys() - texts)):
        said = ", ".join(missing) if isinstance(texts, dict) else "all"
        raise ConfigurationError(
            f"app.texts: {path} lacks {said}: take over from src/kigezi/app/texts.json "
            "what is missing."
        )
    for name, text in english.items():
        if name != "classes" and _places(text) != _places(texts[name]):
            wanted = " and ".join(sorted(_places(text))) or "nothing in braces"
            raise ConfigurationError(
                f"app.texts: {path}: {name} is {texts[name]!r}, but should hold "
                f"{wanted}, as in src/kigezi/app/texts.json."
            )
    return texts


def check_names(texts: Mapping[str, Any], classes: Sequence[str]) -> None:
    """Refuse a translation of classes that there are not.

    Raises:
        ConfigurationError: A name in `classes` of the texts is not a class.
    """
    if unknown := sorted(texts["classes"].keys() - set(classes)):
        raise ConfigurationError(
            f"app.texts: classes names {', '.join(unknown)}; the model's classes are "
            f"{', '.join(classes)}."
        )


def _places(text: str) -> set[str]:
    return set(re.findall(r"{\w+}", text))


def _tell_licences(runtime: Mapping[str, Mapping[str, bytes]]) -> str:
    """Whose work the runtime is, with the text of its licence, which has to be shipped.

    The packages do not hold the text; LiteRT's Python package, of the same authors and
    under the same licence, does.
    """
    packages = [json.loads(files["package.json"]) for files in runtime.values()]
    lines = (f"{one['name']} {one['version']}, {one['license']}" for one in packages)
    parts = metadata.files("ai-edge-litert") or []
    texts = [part.read_text("utf-8") for part in parts if part.name == "LICENSE"]
    return "\n".join(["The folder `runtime` holds, unchanged:", *lines, "", *texts])


def _sums(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1).encode()


def _draw_icon(side: int) -> bytes:
    """A leaf, as a PNG."""
    large = side * _FINER
    image = Image.new("RGB", (large, large), _GROUND)
    draw = ImageDraw.Draw(image)
    middle, reach = large / 2, large * 0.3
    # Two arcs that meet in the tips: the common part of two discs.
    discs = [Image.new("1", image.size) for _ in range(2)]
    for disc, shift in zip(discs, (-0.18, 0.18), strict=True):
        centre = middle + shift * large
        box = (centre - reach, middle - reach, centre + reach, middle + reach)
        ImageDraw.Draw(disc).ellipse(box, fill=1)
    both = Image.composite(discs[0], Image.new("1", image.size), discs[1])
    image.paste(_LEAF, mask=both)
    draw.line((middle, middle - reach * 0.5, middle, middle + reach * 1.2), _GROUND, 8)
    small = image.rotate(-35, fillcolor=_GROUND).resize((side, side))
    buffer = BytesIO()
    small.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
