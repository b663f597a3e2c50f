"""All faults at once, through the whole pipeline: counts reconcile, nothing changes."""

import os
import stat
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner

from kigezi.datasets.photographs import PhotographsDataset
from kigezi.pipelines.ingest import create_pipeline
from tests.photos.test_judging import BAD
from tests.photos.test_noting import KEPT
from tests.pictures import (
    encoded,
    group_parameters,
    ingest_parameters,
    picture,
    write_tree,
)
from tests.stores import comparison_datasets

KEPT_FILES = {
    **{f"a/kept/{name}": data for name, (data, _) in KEPT.items()},
    **{f"a/{number}.jpg": encoded(picture(100 + number)) for number in range(4)},
    **{f"b/{number}.jpg": encoded(picture(200 + number)) for number in range(4)},
    "a/-rf \U0001f343\n.jpg": encoded(picture(300)),
    "a/folder.jpg/1.JPG": encoded(picture(301)),
    "b/wrong.jpg": encoded(picture(302), "PNG"),
}
QUARANTINED = {
    **{f"b/bad/{name}.jpg": data for name, (data, _) in BAD.items()},
    **{f"{label}/conflict.jpg": encoded(picture(303)) for label in "ab"},
    "a/nested.zip": b"PK\3\4....",
}
DUPLICATE = {"b/z.jpg": KEPT_FILES["b/0.jpg"]}
IGNORED = {
    **dict.fromkeys((".DS_Store", "a/Thumbs.db", "__MACOSX/a/._0.jpg"), b"x"),
    **dict.fromkeys((".git/HEAD", "a/.ipynb_checkpoints/0.jpg"), b"x"),
    "read me.txt": b"text",
    "loose.jpg": encoded(picture(304)),
}
LINKS = {"a/loop": "..", "a/itself.jpg": "itself.jpg", "b/outside.jpg": "/etc/passwd"}
STATUSES = {
    **dict.fromkeys(KEPT_FILES, "kept"),
    **dict.fromkeys([*QUARANTINED, *LINKS], "quarantined"),
    **dict.fromkeys(DUPLICATE, "duplicate"),
    **dict.fromkeys([*IGNORED, "b/pipe.jpg"], "ignored"),
}

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs links and pipes")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    files = {**KEPT_FILES, **QUARANTINED, **DUPLICATE, **IGNORED}
    root = write_tree(tmp_path / "photographs", files)
    for name, target in LINKS.items():
        (root / name).symlink_to(target)
    os.mkfifo(root / "b" / "pipe.jpg")
    return root


def _ingest(
    project: Path, source: str = "photographs"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    photographs = PhotographsDataset(path=str(project), unpacked="unpacked")
    # Most of them are one picture in other formats.
    parameters = ingest_parameters(source=source, groups=group_parameters(largest=1))
    catalog = DataCatalog(
        {
            "params:ingest": MemoryDataset(parameters),
            "photographs": photographs,
            **comparison_datasets(project),
        }
    )
    made = SequentialRunner().run(create_pipeline(), catalog)
    return made["ledger"].load(), made["quarantine"].load()


def test_every_file_is_accounted_for(
    source: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    ledger, quarantine = _ingest(source.parent)
    assert dict(zip(ledger["path"], ledger["status"], strict=True)) == STATUSES
    counts = [
        list(STATUSES.values()).count(status)
        for status in ("kept", "quarantined", "duplicate", "ignored")
    ]
    assert sum(counts) == len(ledger)
    said = "found {} files: {} kept, {} quarantined, {} duplicate, {} ignored"
    assert said.format(len(ledger), *counts) in caplog.messages
    assert len(quarantine) == counts[1]
    assert quarantine["reason"].str.contains(": ").all()
    assert ledger.loc[ledger["status"] != "kept", "reason"].ne("").all()


def _seen(root: Path) -> dict[str, tuple[object, ...]]:
    """What a change of anything below the folder would change."""
    places = [root, *root.rglob("*")]
    facts = {place: place.lstat() for place in places}
    regular = {place for place in places if stat.S_ISREG(facts[place].st_mode)}
    return {
        str(place): (
            *(facts[place].st_mtime_ns, facts[place].st_mode, facts[place].st_ino),
            place.read_bytes() if place in regular else None,
            os.readlink(place) if place.is_symlink() else None,
        )
        for place in places
    }


def test_the_source_is_never_touched(source: Path) -> None:
    before = _seen(source)
    _ingest(source.parent)
    assert _seen(source) == before


def test_the_source_may_be_forbidden_to_write(source: Path) -> None:
    folders = [place for place in source.rglob("*") if place.is_dir()]
    for place in (source, *folders):
        place.chmod(0o555)
    try:
        ledger, _ = _ingest(source.parent)
    finally:
        for place in (source, *folders):
            place.chmod(0o755)
    assert len(ledger) == len(STATUSES)


def test_an_archive_is_accounted_for_like_a_folder(
    source: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "photographs.zip"
    files = {name for name in STATUSES if name not in {*LINKS, "b/pipe.jpg"}}
    with zipfile.ZipFile(archive, "w") as opened:
        for name in sorted(files):
            opened.write(source / name, name)
    before = (archive.read_bytes(), archive.stat().st_mtime_ns)
    ledger, _ = _ingest(tmp_path, archive.name)
    found = dict(zip(ledger["path"], ledger["status"], strict=True))
    assert found == {name: STATUSES[name] for name in files}
    assert (archive.read_bytes(), archive.stat().st_mtime_ns) == before
