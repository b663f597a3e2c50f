"""Packages of the npm registry, fetched once and checked by their digest."""

import base64
import hashlib
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from kigezi.datasets.aside import written_aside
from kigezi.datasets.open_store import OpenStoreDataset
from kigezi.errors import DataError


@dataclass(frozen=True)
class Package:
    """One version of a package."""

    name: str
    """with its scope, as in `@litertjs/core`"""
    version: str
    integrity: str
    """sha512 in base64, as npm's registry states it"""

    @property
    def archive(self) -> str:
        """The file name that `npm pack` gives it."""
        return f"{self.name.lstrip('@').replace('/', '-')}-{self.version}.tgz"


LITERT_JS = {
    name: Package(f"@litertjs/{name}", "2.5.3", digest)
    for name, digest in {
        "core": "PlGmbMOq9WitX7FO0jhbdJw9GthatsyuCQXjTt/wJZo0FLaw48q4tz8IwqgqCIkv"
        "iYGr9OFDL1kCnN4nzWoyJQ==",
        "wasm-utils": "4fJiw6tBQnIs+0jH/OQ16nYOiSl8/+zZnn5h2ul8aTKHi05sVqZW580Tmk78"
        "pC2kT39A9OYBVdFawteZ/sI1kQ==",
    }.items()
}
"""the runtime of LiteRT files in a browser (https://ai.google.dev/edge/litert/web)"""


class NpmPackages:
    """Packages in a folder of this project, which npm fills."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str, fetched: str | None = None) -> Mapping[str, bytes]:
        """The files of a package, by path in it.

        Args:
            name: One of `LITERT_JS`.
            fetched: A folder with its archive, for a machine without npm or internet.

        Raises:
            DataError: It cannot be fetched, or is not the one that is expected.
        """
        package = LITERT_JS[name]
        folder = Path(fetched).expanduser() if fetched else self._folder
        path = folder / package.archive
        if not path.is_file():
            if fetched:
                raise DataError(
                    f"app.runtime: there is no {package.archive} in {folder}; "
                    f"`npm pack {package.name}@{package.version}` fetches it."
                )
            self._fetch(package)
        data = path.read_bytes()
        digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
        if digest != package.integrity:
            raise DataError(
                f"{path} is not {package.name} {package.version} as it was published, "
                "or damaged: delete it and run the same command again."
            )
        with tarfile.open(fileobj=BytesIO(data)) as archive:
            files = [member for member in archive if member.isfile()]
            return {
                member.name.partition("/")[2]: archive.extractfile(member).read()
                for member in files
            }

    def _fetch(self, package: Package) -> None:
        npm = shutil.which("npm")
        wanted = f"{package.name}@{package.version}"
        every = " ".join(f"{one.name}@{one.version}" for one in LITERT_JS.values())
        elsewhere = (
            f"or run `npm pack {every}` on another machine and name the folder of "
            "what it fetched as app.runtime (conf/base/parameters_app.yml)."
        )
        if npm is None:
            raise DataError(
                f"the page needs {wanted}, and npm is not there to fetch it: install "
                f"Node.js, {elsewhere}"
            )
        self._folder.mkdir(parents=True, exist_ok=True)
        with written_aside(self._folder / package.archive) as aside:
            aside.mkdir()
            done = subprocess.run(  # noqa: S603 nothing of it is a user's
                [npm, "pack", wanted, "--pack-destination", str(aside), "--silent"],
                cwd=self._folder,
                capture_output=True,
                text=True,
                check=False,
            )
            found = aside / package.archive
            if done.returncode != 0 or not found.is_file():
                said = " ".join(done.stderr.split())[:200] or "it says nothing"
                raise DataError(
                    f"npm could not fetch {wanted} ({said}): try again where there is "
                    f"internet, {elsewhere}"
                )
            data = found.read_bytes()
            shutil.rmtree(aside)
            aside.write_bytes(data)


class NpmPackagesDataset(OpenStoreDataset[NpmPackages]):
    """Loads as the open store of packages.

    Example, in a catalog:
        runtime_packages:
          type: kigezi.datasets.npm_packages.NpmPackagesDataset
          path: data/02_intermediate/npm
    """

    def _open(self, path: Path) -> NpmPackages:
        return NpmPackages(path)
