"""Where photographs come from: folders, archives, and what the project draws."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError
from PIL.Image import Image

from kigezi.datasets.archives import SUFFIXES, is_archive, unpack
from kigezi.datasets.drawn import draw_folder
from kigezi.errors import DataError
from kigezi.folders import PhotographFolder, drawn_folders, is_system

logger = logging.getLogger(__name__)

INGEST = "ingest.source"
"""the parameter that names the photographs of the study"""


@dataclass(frozen=True)
class PhotographLibrary:
    """Opens sources of photographs, unpacking or drawing them first where needed."""

    project: Path
    """where relative sources begin"""
    unpacked: Path
    """where archives are unpacked"""

    def open(self, source: str, setting: str = INGEST) -> PhotographFolder:
        """The photographs of a folder or an archive, ready to be read.

        Args:
            source: A folder or an archive, relative to the project; `~` is the home.
            setting: The parameter that names it, for what is said if it is wrong.

        Raises:
            DataError: There is nothing at the source, or no photographs in it.
        """
        place = self._resolve(source)
        if place.is_file():
            if not is_archive(place.name):
                raise DataError(
                    f"{setting} is the file {place}: name a folder of photographs or "
                    f"an archive ({', '.join(SUFFIXES)})."
                )
            place = unpack(place, self.unpacked)
        elif inside := _only_archive(place):
            logger.info("%s holds nothing but %s: it is used", place, inside.name)
            place = unpack(inside, self.unpacked)
        folder = PhotographFolder(str(place))
        if not place.is_dir() or not _usable(folder):
            raise DataError(_no_photographs(self._resolve(source), setting))
        return folder

    def draw(
        self,
        source: str,
        names: list[tuple[str, int]],
        draw: Callable[[str, int], Image],
        parameters: Mapping[str, Any],
    ) -> None:
        """Fill the source with drawn photographs; see `draw_folder`.

        Raises:
            DataError: The source lies outside the project: it is the user's.
        """
        place = self._resolve(source)
        if not place.resolve().is_relative_to(self.project.resolve()):
            raise DataError(
                f"this environment draws photographs into ingest.source, and {place} "
                "is outside the project: use another environment, or add "
                "--params=ingest.drawing=null to study your own photographs with it."
            )
        draw_folder(place, names, draw, parameters)

    def _resolve(self, source: str) -> Path:
        return self.project / Path(source).expanduser()


class PhotographsDataset(AbstractDataset[None, PhotographLibrary]):
    """The library of photographs as an entry of the catalog; it cannot be saved."""

    def __init__(
        self, *, path: str, unpacked: str, metadata: dict[str, Any] | None = None
    ) -> None:
        """Say where things are.

        Args:
            path: The folder where relative sources begin: the project's.
            unpacked: The folder, relative to `path`, where archives are unpacked.
            metadata: For Kedro-Viz.
        """
        self._project = Path(path)
        self._unpacked = self._project / unpacked
        self.metadata = metadata

    def load(self) -> PhotographLibrary:
        """Open the library; sources are looked at only when they are asked for."""
        return PhotographLibrary(self._project, self._unpacked)

    def save(self, data: None) -> None:
        """Refuse: the photographs are the user's."""
        raise DatasetError("photographs are read, never written")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"path": self._project.as_posix(), "unpacked": self._unpacked.as_posix()}


def _usable(folder: PhotographFolder) -> list[str]:
    """Files that a user put there: not the system's, nor drawn for the demo."""
    files = folder.files()
    drawn = drawn_folders(files)
    return [
        path for path in files if not is_system(path) and not path.startswith(drawn)
    ]


def _only_archive(place: Path) -> Path | None:
    """The archive in a folder that holds nothing else that could be used."""
    if not place.is_dir():
        return None
    usable = _usable(PhotographFolder(str(place)))
    archives = [path for path in usable if "/" not in path and is_archive(path)]
    in_folders = any("/" in path for path in usable)
    return place / archives[0] if len(archives) == 1 and not in_folders else None


def _no_photographs(place: Path, setting: str) -> str:
    if setting != INGEST and not place.exists():
        return f"{setting} names {place}, and there is no such folder or archive."
    if setting != INGEST:
        return f"there are no photographs in {place}: name another one as {setting}."
    return (
        f"there are no photographs in {place}: put one folder of photographs for each "
        "class there, or name another folder or archive as ingest.source "
        "(conf/base/parameters_ingest.yml, or --params=ingest.source=FOLDER); "
        "`kedro run --env=demo` needs none."
    )
