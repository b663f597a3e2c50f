import base64
import hashlib
import os
import stat
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from kigezi.datasets import npm_packages as module
from kigezi.datasets.npm_packages import NpmPackages, NpmPackagesDataset, Package
from kigezi.errors import DataError

CODE = b"export const answer = 42;"


def _archive() -> bytes:
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("package/dist/index.js")
        member.size = len(CODE)
        archive.addfile(member, BytesIO(CODE))
        link = tarfile.TarInfo("package/link.js")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return buffer.getvalue()


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> bytes:
    data = _archive()
    digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
    package = Package("@some/tool", "1.2.3", digest)
    monkeypatch.setattr(module, "LITERT_JS", {"tool": package})
    return data


def _npm(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program `npm` that is found before any other."""
    folder.mkdir(parents=True)
    program = folder / "npm"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def _store(tmp_path: Path) -> NpmPackages:
    return NpmPackagesDataset(path=str(tmp_path / "npm")).load()


def test_npm_is_asked_once(
    tmp_path: Path, archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "published.tgz").write_bytes(archive)
    script = f"""
    echo "$@" >> {tmp_path}/asked
    cp {tmp_path}/published.tgz "$4/some-tool-1.2.3.tgz"
    """
    _npm(tmp_path / "bin", script, monkeypatch)
    assert _store(tmp_path).read("tool") == {"dist/index.js": CODE}
    assert _store(tmp_path).read("tool") == {"dist/index.js": CODE}
    (asked,) = (tmp_path / "asked").read_text().splitlines()
    assert asked.startswith("pack @some/tool@1.2.3 --pack-destination ")


def test_a_folder_of_archives_does_without_npm(tmp_path: Path, archive: bytes) -> None:
    (tmp_path / "some-tool-1.2.3.tgz").write_bytes(archive)
    files = _store(tmp_path / "none").read("tool", str(tmp_path))
    assert files == {"dist/index.js": CODE}
    with pytest.raises(
        DataError, match=r"app.runtime: there is no some-tool-1.2.3.tgz"
    ):
        _store(tmp_path).read("tool", str(tmp_path / "none"))


def test_another_content_is_refused(tmp_path: Path, archive: bytes) -> None:
    (tmp_path / "some-tool-1.2.3.tgz").write_bytes(archive + b"!")
    with pytest.raises(DataError, match=r"is not @some/tool 1.2.3 as it was published"):
        _store(tmp_path).read("tool", str(tmp_path))


def test_without_npm_the_way_round_is_told(
    tmp_path: Path, archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DataError, match=r"npm pack @some/tool@1.2.3.*app.runtime"):
        _store(tmp_path).read("tool")


def test_without_internet_npm_s_words_are_told(
    tmp_path: Path, archive: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    _npm(tmp_path / "bin", "echo no network >&2; exit 1", monkeypatch)
    with pytest.raises(DataError, match=r"could not fetch .*\(no network\)"):
        _store(tmp_path).read("tool")
    assert not list((tmp_path / "npm").iterdir())


def test_the_real_packages_are_named_as_npm_names_their_files() -> None:
    names = [package.archive for package in module.LITERT_JS.values()]
    assert names == ["litertjs-core-2.5.3.tgz", "litertjs-wasm-utils-2.5.3.tgz"]
