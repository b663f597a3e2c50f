"""Node of the app pipeline."""

import logging
from pathlib import Path

from kigezi.exporting.web_page import RUNTIME, assemble_page, check_names, read_texts
from kigezi.schemas import AppParameters
from kigezi.stores import Exported, RuntimePackages

_log = logging.getLogger(__name__)


def build_page(
    exported: Exported, app: AppParameters, runtime_packages: RuntimePackages
) -> dict[str, bytes]:
    """The page as files by path: model, what runs it, and all that it shows.

    Args:
        exported: What the study shipped.
        app: Which model file it runs, and its texts.
        runtime_packages: Where the browser's runtime comes from.
    """
    texts = read_texts(Path(app.texts).expanduser() if app.texts else None)
    card = exported.card_of(app.model)
    check_names(texts, card.classes)
    runtime = {name: runtime_packages.read(name, app.runtime) for name in RUNTIME}
    model = exported.path(app.model).read_bytes()
    files = assemble_page(card, model, runtime, texts)
    _log.info(
        "The page has %d files, %.1f MB: put the folder data/08_reporting/app on any "
        "web server with https",
        *(len(files), sum(map(len, files.values())) / 1e6),
    )
    return files
