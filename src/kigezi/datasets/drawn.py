"""A folder of photographs that the project draws itself, for the demo."""

import json
import logging
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL.Image import Image

from kigezi.datasets.aside import folder_aside, publish, remove_leftovers
from kigezi.errors import DataError
from kigezi.folders import DRAWING, PhotographFolder, is_system
from kigezi.progress import progress

logger = logging.getLogger(__name__)

QUALITY = 92

Draw = Callable[[str, int], Image]


def draw_folder(
    folder: Path,
    names: list[tuple[str, int]],
    draw: Draw,
    parameters: Mapping[str, Any],
) -> None:
    """Fill the folder with drawn photographs unless these are there already.

    Args:
        folder: Where they are wanted; a folder that holds anything else is refused.
        names: Label and index of each photograph.
        draw: Draws one of them.
        parameters: What the drawing depends on: others mean other photographs.

    Raises:
        DataError: The folder holds files that the project did not draw.
    """
    remove_leftovers(folder.parent)
    files = [f"{label}/{label}_{index:05d}.jpg" for label, index in names]
    wanted = {"parameters": dict(parameters), "files": files}
    if _read_mark(folder) == wanted and _visible(folder) == sorted(files):
        logger.info("%s drawn photographs are in %s", f"{len(files):,}", folder)
        return
    _check_replaceable(folder)
    with folder_aside(folder.parent, folder.name) as aside:
        pairs = zip(files, names, strict=True)
        for file, name in progress(pairs, len(files), "draw: photographs"):
            path = aside / file
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(_encode(draw(*name)))
        (aside / DRAWING).write_text(json.dumps(wanted), "utf-8")
        with folder_aside(folder.parent, f"old-{folder.name}") as old:
            # Not removed in place: half a drawing would be taken for the user's files.
            if folder.exists():
                folder.rename(old / folder.name)
            publish(aside, folder)


def _encode(image: Image) -> bytes:
    """The bytes of a JPEG; saved to a file, half of it may go unsaid on a full disk."""
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def _check_replaceable(folder: Path) -> None:
    """Only what the project drew may go: a user's photographs never do."""
    strange = sorted(set(_visible(folder)) - set(_read_mark(folder).get("files", [])))
    if strange:
        raise DataError(
            f"{folder} holds {strange[0]}, which this project did not draw, so nothing "
            "is drawn there: name another folder as ingest.source, or set "
            "ingest.drawing to null to use the photographs in it."
        )


def _visible(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return [
        path for path in PhotographFolder(str(folder)).files() if not is_system(path)
    ]


def _read_mark(folder: Path) -> dict[str, Any]:
    try:
        return json.loads((folder / DRAWING).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
