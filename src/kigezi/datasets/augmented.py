"""The augmented dataset: immutable versions, written whole, found by their content."""

import json
import logging
from collections.abc import Callable
from functools import wraps
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from kedro.io import AbstractVersionedDataset, Version

from kigezi.datasets.aside import (
    flush,
    folder_aside,
    publish,
    remove_leftovers,
    write_synced,
)
from kigezi.datasets.contents import COLUMNS, as_tables, content_digest
from kigezi.datasets.versions import (
    DESCRIPTION,
    MANIFEST,
    AugmentedVersion,
    AugmentedVersions,
)
from kigezi.datasets.workers import usable_processors
from kigezi.datasets.writing import Photograph, write_images
from kigezi.photos.building import DatasetBuild, library_versions
from kigezi.progress import progress

__all__ = ["AugmentedDataset", "AugmentedVersion", "AugmentedVersions"]

logger = logging.getLogger(__name__)

Save = Callable[["AugmentedDataset", DatasetBuild], None]


class AugmentedDataset(AbstractVersionedDataset[DatasetBuild, AugmentedVersions]):
    """Saves a build as a new version unless one with its digest exists already.

    Loads as an open store: the version is chosen by its digest, not by its age.
    """

    def __init__(
        self,
        *,
        filepath: str,
        workers: int | None = None,
        version: Version | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Say where the versions are.

        Args:
            filepath: The folder of all versions.
            workers: Processes that write images; None for one a processor core.
            version: Given by Kedro.
            metadata: For Kedro-Viz.
        """
        super().__init__(PurePosixPath(filepath), version or Version(None, None))
        self._folder = Path(filepath)
        self._workers = workers or usable_processors()
        self.metadata = metadata

    @classmethod
    def _save_wrapper(cls, save_func: Save) -> Save:
        """Kedro's own would hide our errors, and warn when nothing was written."""

        @wraps(save_func)
        def save(self: "AugmentedDataset", data: DatasetBuild) -> None:
            self._clear_version_cache()
            save_func(self, data)

        save.__savewrapped__ = True  # type: ignore[attr-defined]
        return save

    def load(self) -> AugmentedVersions:
        """Open the store of all versions, or of the one that the run is pinned to."""
        return AugmentedVersions(self._folder, self._version.load, self._workers)

    def save(self, data: DatasetBuild) -> None:
        """Write the build, whole or not at all; nothing if it is there already."""
        remove_leftovers(self._folder)
        existing = AugmentedVersions(self._folder).find(data.digest)
        damage = existing.find_damage() if existing else None
        if existing and not damage:
            logger.info("unchanged: version %s is used again", existing.name)
            return
        if damage:
            logger.warning("A new version is written because %s", damage)
        final = Path(self._get_save_path())
        with folder_aside(self._folder, final.parent.name) as aside:
            content = aside / final.name
            write_build(data, content, self._workers)
            publish(aside, final.parent)
        logger.info("augment: version %s is written to %s", final.parent.name, final)

    def _exists(self) -> bool:
        return bool(AugmentedVersions(self._folder).all())

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath.as_posix(), "version": self._version}


def write_build(build: DatasetBuild, folder: Path, workers: int) -> None:
    """Write images, manifest and description of a build into a new folder.

    Raises:
        DataError: A photograph is not what it was when it was ingested.
    """
    photographs = [Photograph(*row) for row in build.rows()]
    written = write_images(photographs, build.folder, build.make, folder, workers)
    shown = progress(written, len(photographs), "augment: photographs")
    with pq.ParquetWriter(folder / MANIFEST, COLUMNS) as manifest:
        for table in as_tables(iter(shown)):
            manifest.write_table(table)
    flush(folder / MANIFEST)
    description = json.dumps(_describe_build(build, folder / MANIFEST), indent=2)
    write_synced(folder / DESCRIPTION, description.encode())


def _describe_build(build: DatasetBuild, manifest: Path) -> dict[str, Any]:
    images = pd.read_parquet(manifest, columns=["split", "label"])
    counts = images.value_counts(sort=False)
    return {
        "digest": build.digest,
        "content_digest": content_digest(manifest),
        "parameters": build.description,
        "photographs": len(build.photographs),
        "images": len(images),
        "counts": {split: counts[split].to_dict() for split in counts.index.levels[0]},
        "versions": library_versions(),
    }
