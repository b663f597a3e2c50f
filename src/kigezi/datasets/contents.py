"""What a version of the augmented dataset holds: its columns, files and digest."""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from kigezi.folders import PhotographFolder, is_system
from kigezi.progress import progress

COLUMNS = pa.schema(
    {
        "image_id": pa.string(),
        "photo_id": pa.string(),
        "copy": pa.int64(),
        "label": pa.string(),
        "split": pa.string(),
        "path": pa.string(),
        "sha256": pa.string(),
        "sha256_pixels": pa.string(),
        "recipe": pa.string(),
    }
)
"""of a manifest; `photo_id` and the two hashes are sha256 in hexadecimal"""


_CHUNK = 500
"""photographs whose rows are Python objects at a time, which take more memory"""


def as_tables(photographs: Iterator[list[dict[str, Any]]]) -> Iterator[pa.Table]:
    """The rows of photographs that come in the order of their `photo_id`.

    Only some are held at a time: 100,000 photographs have 400,000 rows.
    """
    chunks = iter(lambda: list(islice(photographs, _CHUNK)), [])
    for chunk in chunks:
        rows = sorted(chain.from_iterable(chunk), key=itemgetter("image_id"))
        yield pa.Table.from_pylist(rows, COLUMNS)


def content_digest(manifest: Path) -> str:
    """The name of the images themselves: equal digests mean equal pixels."""
    digest = hashlib.sha256()
    columns = ["image_id", "sha256_pixels"]
    for rows in pq.ParquetFile(manifest).iter_batches(columns=columns):
        for image_id, pixels in zip(*rows.to_pydict().values(), strict=True):
            digest.update(f"{image_id} {pixels}\n".encode())
    return digest.hexdigest()


def hash_files(root: Path, leave_out: Sequence[str]) -> dict[str, str]:
    """sha256 of every file below a folder, by its path relative to it, with `/`.

    It is empty for what is no regular file, or cannot be read.

    Args:
        root: The folder.
        leave_out: Paths that are not asked for.
    """
    folder = PhotographFolder(str(root))
    paths = [
        path for path in folder.files() if path not in leave_out and not is_system(path)
    ]
    shown = progress(paths, len(paths), "verify: stored images")
    return {path: _sha256_of(folder, path) for path in shown}


def _sha256_of(folder: PhotographFolder, path: str) -> str:
    try:
        return hashlib.sha256(folder.read(path)).hexdigest()
    except OSError:
        return ""
