"""The stored versions of the augmented dataset, found by what they were made from."""

import hashlib
import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from kigezi.datasets.contents import content_digest, hash_files
from kigezi.datasets.remaking import remake_images
from kigezi.errors import DataError
from kigezi.photos.building import DatasetBuild

MANIFEST = "manifest.parquet"
DESCRIPTION = "dataset.json"
"""written last: a folder that holds it is whole"""

REMAKE = "`kedro run --pipeline=augment`"


@dataclass(frozen=True)
class AugmentedVersion:
    """One version of the augmented dataset, which never changes."""

    path: Path
    """the folder that holds the manifest and the images"""

    @property
    def name(self) -> str:
        """Kedro's name of the version, the time at which it was written."""
        return self.path.parent.name

    @property
    def digest(self) -> str:
        """What names the photographs and parameters that it was made from."""
        return self.description["digest"]

    @cached_property
    def description(self) -> dict[str, Any]:
        """What stands in `dataset.json`."""
        try:
            return json.loads((self.path / DESCRIPTION).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise self._damaged(DESCRIPTION) from error

    @cached_property
    def manifest(self) -> pd.DataFrame:
        """One row for each image, sorted by `image_id`."""
        try:
            return pd.read_parquet(self.path / MANIFEST)
        except (OSError, ValueError) as error:
            raise self._damaged(MANIFEST) from error

    def read(self, row_path: str) -> bytes:
        """The bytes of an image, as they were written.

        Args:
            row_path: The column `path` of the manifest.

        Raises:
            DataError: They are not what was written.
        """
        try:
            data = (self.path / row_path).read_bytes()
        except OSError as error:
            raise self._damaged(row_path) from error
        if hashlib.sha256(data).hexdigest() != self._sums.get(row_path):
            raise self._damaged(row_path)
        return data

    def check(self) -> None:
        """Refuse a manifest that is not the one that was written with the images.

        The images themselves are checked where they are read.

        Raises:
            DataError: It names other images, or an image is missing.
        """
        if self.content_digest() != self.description["content_digest"]:
            raise self._damaged(MANIFEST)
        for folder, rows in self.manifest["path"].groupby(
            self.manifest["path"].str.rpartition("/")[0]
        ):
            missing = set(rows) - {
                f"{folder}/{name}" for name in _names(self.path / folder)
            }
            if missing:
                raise self._damaged(min(missing))

    def find_damage(self) -> str | None:
        """The sentence about the first file that is not as written, if there is one."""
        try:
            for path in self.manifest["path"]:
                self.read(path)
        except DataError as error:
            return error.message
        return None

    def files(self) -> dict[str, str]:
        """sha256 of every file but manifest and description, by path.

        It is empty where something is no regular file, or cannot be read.
        """
        return hash_files(self.path, leave_out=(MANIFEST, DESCRIPTION))

    def content_digest(self) -> str:
        """What the description's `content_digest` has to be."""
        return content_digest(self.path / MANIFEST)

    @cached_property
    def _sums(self) -> dict[str, str]:
        return dict(zip(self.manifest["path"], self.manifest["sha256"], strict=True))

    def _damaged(self, file: str) -> DataError:
        return DataError(
            f"{self.path / file} is missing or damaged: delete the folder "
            f"{self.path.parent} and run {REMAKE}."
        )


def _names(folder: Path) -> list[str]:
    return os.listdir(folder) if folder.is_dir() else []


@dataclass(frozen=True)
class AugmentedVersions:
    """All versions of the augmented dataset, or the one that a run is pinned to."""

    path: Path
    """the folder that holds a folder for each version"""
    pinned: str | None = None
    """the version given as `--load-versions=augmented:VERSION`"""
    workers: int = 1
    """processes that make images again"""

    def all(self) -> list[AugmentedVersion]:
        """The whole versions, newest first."""
        found = self.path.glob(f"[!.]*/{self.path.name}/{DESCRIPTION}")
        return [AugmentedVersion(path.parent) for path in sorted(found, reverse=True)]

    def find(self, digest: str) -> AugmentedVersion | None:
        """The newest version with this digest, if there is one."""
        return next((one for one in self.all() if one.digest == digest), None)

    def version(self, digest: str) -> AugmentedVersion:
        """The version with this digest, whether it is the newest or not.

        Args:
            digest: What `build_digest` makes of the ledger and the parameters.

        Raises:
            DataError: There is none, or the run is pinned to another one.
        """
        if self.pinned is not None:
            return self._pinned_version(self.pinned, digest)
        found = self.find(digest)
        if found is None:
            raise DataError(
                "there is no augmented dataset of these photographs with these "
                f"settings ({digest[:12]}) in {self.path}: run {REMAKE}."
            )
        return found

    def named(self, name: str) -> AugmentedVersion:
        """The version with Kedro's name.

        Raises:
            DataError: There is none; those that exist are listed.
        """
        known = {one.name: one for one in self.all()}
        if name not in known:
            there = ", ".join(known) or "none"
            raise DataError(
                f"there is no version {name} of the augmented dataset in "
                f"{self.path}; there are: {there}."
            )
        return known[name]

    def remake(self, build: DatasetBuild) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Make every image of a build once more; see `remake_images`."""
        return remake_images(build, self.workers)

    def _pinned_version(self, name: str, digest: str) -> AugmentedVersion:
        pinned = self.named(name)
        if pinned.digest != digest:
            raise DataError(
                f"--load-versions=augmented:{name} names a dataset made from "
                f"other photographs or settings ({pinned.digest[:12]}) than this run's "
                f"({digest[:12]}): leave the option out, or go back to its settings."
            )
        return pinned
