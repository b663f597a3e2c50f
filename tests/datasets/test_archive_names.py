"""Whatever an archive says, it writes into its own folder, all of it or nothing."""

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kigezi.datasets.archives import unpack
from kigezi.errors import DataError
from tests.damage import damaged

EVERY_TIME_THE_SAME = {"derandomize": True, "database": None, "deadline": None}

KINDS = {".tar": "", ".tgz": "gz", ".xz": "xz"}
PARTS = [
    *(
        "..",
        ".",
        "",
        "...",
        "~",
        "a",
        "b.jpg",
        "A",
        "C:",
        "c:x",
        "\\",
        "..\\..",
        "\\\\h",
    ),
    *(
        "CON",
        "nul.txt",
        "a\0b",
        "x" * 255,
        "x" * 300,
        "é",
        "e\u0301",
        "-rf",
        "two\nlines",
    ),
]
NAMES = st.one_of(
    st.lists(st.sampled_from(PARTS), min_size=1, max_size=6).map("/".join),
    st.text(min_size=1, max_size=20),
    st.sampled_from(["a/1.jpg", "a/2.jpg", "b/c/3.jpg", "b/c/"]),
)
MEMBERS = st.lists(st.tuples(NAMES, st.binary(max_size=20)), min_size=1, max_size=4)
Members = list[tuple[str, bytes]]


def _zip(path: Path, members: Members) -> list[bytes]:
    """Write a zip; what stands in its files, as a reader sees their names."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members:
            info = zipfile.ZipInfo("x")
            # Past the constructor, which would make some of these names harmless.
            info.filename = name
            archive.writestr(info, data)
    seen = [(name.partition("\0")[0], data) for name, data in members]
    return [data for name, data in seen if not name.endswith(("/", "\\"))]


def _tar(path: Path, members: Members) -> list[bytes]:
    with tarfile.open(path, f"w:{KINDS[path.suffix]}") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return [data for _, data in members]


def _tree(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _unpack_contained(archive: Path) -> list[bytes] | None:
    """What was unpacked, or None; nothing outside of the unpacked folder changed."""
    top = archive.parent
    before = _tree(top)
    try:
        folder = unpack(archive, top / "deep" / "store")
    except DataError as error:
        assert archive.name in error.message
        assert _tree(top) == before
        return None
    unpacked = _tree(folder)
    inside = {f"deep/store/{folder.name}/{name}": unpacked[name] for name in unpacked}
    assert _tree(top) == before | inside
    return sorted(unpacked.values())


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("kind", "write"), [("zip", _zip), ("tar", _tar)])
@settings(max_examples=400, **EVERY_TIME_THE_SAME)
@given(members=MEMBERS)
def test_no_name_leads_outside(
    tmp_path_factory: pytest.TempPathFactory,
    kind: str,
    write: Callable[[Path, Members], list[bytes]],
    members: Members,
) -> None:
    archive = tmp_path_factory.mktemp("top") / f"a.{kind}"
    try:
        expected = write(archive, members)
    except ValueError:
        return  # a name that cannot be written
    assert _unpack_contained(archive) in (None, sorted(expected))


PLAIN = [(f"{label}/{number}.jpg", b"leaf" * 9) for label in "ab" for number in (1, 2)]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tgz", ".tar.xz"])
@settings(max_examples=250, **EVERY_TIME_THE_SAME)
@given(data=st.data())
def test_damage_is_contained(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, data: st.DataObject
) -> None:
    archive = tmp_path_factory.mktemp("top") / f"a{suffix}"
    write = _zip if suffix == ".zip" else _tar
    write(archive, PLAIN)
    archive.write_bytes(data.draw(damaged([archive.read_bytes()])))
    _unpack_contained(archive)
