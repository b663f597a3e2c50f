import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from kigezi.datasets import archives
from kigezi.datasets.archives import is_archive, unpack
from kigezi.errors import DataError
from kigezi.folders import PhotographFolder

FILES = {"top/a/1.jpg": b"one", "top/b/2.jpg": b"two"}


def _zip(path: Path, members: list[tuple[zipfile.ZipInfo | str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def _tar(path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    kind = path.suffix[1:] if path.suffix != ".tar" else ""
    with tarfile.open(path, f"w:{kind.replace('tgz', 'gz')}") as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def _tar_member(name: str, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "/etc/passwd"
    return info


def _zip_link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("a/link.jpg")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize("suffix", archives.SUFFIXES)
def test_every_kind_is_unpacked_under_its_hash(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"photographs{suffix}"
    if suffix == ".zip":
        _zip(path, list(FILES.items()))
    else:
        _tar(path, [(_tar_member(name), data) for name, data in FILES.items()])
    folder = unpack(path, tmp_path / "store")
    assert PhotographFolder(str(folder)).files() == sorted(FILES)
    assert (folder / "top" / "a" / "1.jpg").read_bytes() == b"one"
    assert [one.name for one in (tmp_path / "store").iterdir()] == [folder.name]


ZIPS = {
    "absolute": ([("/a/1.jpg", b"")], "absolute"),
    "drive": ([("C:/a/1.jpg", b"")], "absolute"),
    "parent": ([("a/../../1.jpg", b"")], "leads out"),
    "windows parent": ([("a\\..\\..\\1.jpg", b"")], "leads out"),
    "parent folder": ([("../", b"")], "leads out"),
    "link": ([(_zip_link(), b"/etc/passwd")], "link"),
    "twice": ([("a/1.jpg", b"1"), ("a/./1.jpg", b"2")], "twice"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ZIPS)
def test_a_dangerous_zip_is_refused_whole(tmp_path: Path, name: str) -> None:
    members, said = ZIPS[name]
    path = _zip(tmp_path / "bad.zip", [("a/good.jpg", b""), *members])
    _assert_refused(path, said)


TARS = {
    "absolute": ([_tar_member("/a/1.jpg")], "absolute"),
    "parent": ([_tar_member("../1.jpg")], "leads out"),
    "windows parent": ([_tar_member("a\\..\\..\\1.jpg")], "leads out"),
    "windows share": ([_tar_member("\\\\host\\1.jpg")], "absolute"),
    "drive": ([_tar_member("C:/a/1.jpg")], "absolute"),
    "link": ([_tar_member("a/1", tarfile.SYMTYPE)], "link"),
    "hard link": ([_tar_member("a/1", tarfile.LNKTYPE)], "link"),
    "device": ([_tar_member("a/1", tarfile.CHRTYPE)], "device"),
    "pipe": ([_tar_member("a/1", tarfile.FIFOTYPE)], "device"),
    "twice": ([_tar_member("a/1"), _tar_member("a/1")], "twice"),
}


@pytest.mark.parametrize("name", TARS)
def test_a_dangerous_tar_is_refused_whole(tmp_path: Path, name: str) -> None:
    members, said = TARS[name]
    members = [_tar_member("a/good.jpg"), *members]
    path = _tar(tmp_path / "bad.tgz", [(member, b"") for member in members])
    _assert_refused(path, said)


def _assert_refused(path: Path, said: str) -> None:
    before = sorted(path.parent.rglob("*"))
    with pytest.raises(DataError, match=said) as caught:
        unpack(path, path.parent / "store")
    assert str(path) in caught.value.message
    assert [one for one in sorted(path.parent.rglob("*")) if one.is_file()] == before


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "bad.zip", [("a/1.jpg", b"1")])
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    _assert_refused(path, "not unpacked because .* is encrypted")


@pytest.mark.parametrize(
    ("limit", "value", "said"),
    [("MOST_MEMBERS", 2, "2 members"), ("MOST_BYTES", 10, "more than 10 bytes")],
)
def test_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, said: str
) -> None:
    monkeypatch.setattr(archives, limit, value)
    members = [(f"a/{number}.jpg", b"12345") for number in range(3)]
    _assert_refused(_zip(tmp_path / "bad.zip", members), said)


@pytest.mark.parametrize("suffix", [".zip", ".tgz"])
def test_a_bomb_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setattr(archives, "FREE_BYTES", 1000)
    path, zeros = tmp_path / f"bomb{suffix}", bytes(5_000_000)
    if suffix == ".zip":
        _zip(path, [("a/1.jpg", zeros)])
    else:
        _tar(path, [(_tar_member("a/1.jpg"), zeros)])
    _assert_refused(path, "unpacks to more than")


def test_a_zip_that_lies_about_its_size_leaves_nothing(tmp_path: Path) -> None:
    path = _zip(tmp_path / "bad.zip", [("a/1.jpg", bytes(1000))])
    data = bytearray(path.read_bytes())
    for mark, place in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        start = data.index(mark) + place
        data[start : start + 4] = (10).to_bytes(4, "little")
    path.write_bytes(data)
    _assert_refused(path, "cannot be unpacked")


@pytest.mark.parametrize("name", ["bad.zip", "bad.tar", "bad.tar.xz"])
def test_a_damaged_archive_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\3\4 not an archive")
    _assert_refused(tmp_path / name, "cannot be unpacked")


def test_an_unpacking_that_dies_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(aside: Path, final: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(archives, "publish", fail)
    path = _zip(tmp_path / "good.zip", list(FILES.items()))
    with pytest.raises(KeyboardInterrupt):
        unpack(path, tmp_path / "store")
    assert list((tmp_path / "store").iterdir()) == []


def test_archives_are_known_by_name() -> None:
    assert is_archive("Potato.ZIP")
    assert not is_archive("potato.rar")


def test_a_zip_packed_in_an_unknown_way_is_named(tmp_path: Path) -> None:
    path = _zip(tmp_path / "new.zip", [("a/1.jpg", b"one")])
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        place = data.index(signature) + offset
        data[place : place + 2] = (99).to_bytes(2, "little")
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"new\.zip"):
        unpack(path, tmp_path / "store")
