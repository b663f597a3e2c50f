"""Files and folders that appear whole or not at all."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_aside(target: Path) -> Iterator[Path]:
    """A path to write a file or folder to, which becomes `target` at the end.

    A power cut or a full disk leaves the old target, or none; never half of one. The
    name keeps the target's suffix, for some writers choose their format by it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".incomplete-{os.getpid()}-{target.name}")
    try:
        yield aside
        _flush(aside)
        aside.replace(target)
    finally:
        if aside.is_dir():
            shutil.rmtree(aside)
        else:
            aside.unlink(missing_ok=True)


def write_bytes(target: Path, data: bytes) -> None:
    """Write a file so that it appears whole or not at all."""
    with written_aside(target) as aside:
        aside.write_bytes(data)


def sha256_of(path: Path) -> str:
    """sha256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    """Have a file on the disk before its name is: a rename alone may outrun it."""
    if path.is_file():
        with path.open("rb+") as file:
            os.fsync(file.fileno())
