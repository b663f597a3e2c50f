import hashlib
from pathlib import Path

import pandas as pd

from kigezi.datasets.contents import content_digest, hash_files
from tests.pictures import write_tree


def test_content_digest_is_of_pixels(tmp_path: Path) -> None:
    manifest = pd.DataFrame({"image_id": ["a", "b"], "sha256_pixels": ["1", "2"]})
    other = manifest.assign(sha256_pixels=["2", "1"])
    again = manifest.assign(split=["train", "test"])
    digests = []
    for table in (manifest, other, again):
        table.to_parquet(tmp_path / "manifest.parquet")
        digests.append(content_digest(tmp_path / "manifest.parquet"))
    assert digests[0] == digests[2] != digests[1]


def test_files_are_hashed_as_they_are(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a/x.jpg": b"x", "a/.hidden": b"", "left.out": b""})
    (tmp_path / "link.jpg").symlink_to(tmp_path / "a" / "x.jpg")
    found = hash_files(tmp_path, leave_out=["left.out"])
    assert found == {"a/x.jpg": hashlib.sha256(b"x").hexdigest(), "link.jpg": ""}
