"""Sweeps of what ingest and augment write."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kigezi.context import ProjectSession
from kigezi.datasets.archives import unpack
from kigezi.datasets.drawn import draw_folder
from kigezi.datasets.tables import TablesDataset
from tests.datasets.builds import dataset, small_build
from tests.pictures import photograph_files, picture, write_tree
from tests.small_study import make_project
from tests.survival.case import Case, sums_of

DIGEST = "0" * 64


def _project(root: Path) -> None:
    make_project(root)
    write_tree(root / "photographs", photograph_files({"a": 5, "b": 5}))


def _ingest(root: Path) -> None:
    ingest = {"source": "photographs", "drawing": None}
    with ProjectSession.create(
        root, env="small", runtime_params={"ingest": ingest}
    ) as session:
        session.run(pipeline_name="ingest")


def _augment(root: Path) -> None:
    dataset(root / "data").save(small_build(root / "photographs", copies=1))


def _versions(root: Path) -> dict[str, Any]:
    versions = dataset(root / "data").load().all()
    for version in versions:
        version.check()
        assert version.find_damage() is None
    return {version.digest: version.files() for version in versions}


def _draw(root: Path, parameters: int) -> None:
    names = [("dark", 0), ("dark", 1), ("light", 0)]
    target = root / "data" / "drawn"
    draw_folder(
        target, names, lambda _, seed: picture(seed + parameters), {"of": parameters}
    )


def _archive(root: Path) -> None:
    with zipfile.ZipFile(root / "photographs.zip", "w") as file:
        for name, data in photograph_files({"a": 2, "b": 2}).items():
            file.writestr(zipfile.ZipInfo(name), data)


def _unpacked(root: Path) -> dict[str, Any]:
    return {path.name: sums_of(path) for path in (root / "data").glob("[!.]*")}


def _compare(root: Path) -> None:
    store = TablesDataset(path=str(root / "data"), workers=1).load()
    store.get_or_make(DIGEST, _make_parts)


def _make_parts(begin: int) -> Iterator[pd.DataFrame]:
    rows = pd.DataFrame({"likeness": np.arange(60) / 7})
    for start in range(begin, len(rows), 20):
        yield rows[start : start + 20]


def _look_at_table(root: Path) -> dict[str, Any]:
    return {
        path.name: pd.read_parquet(path)["likeness"].tolist()
        for path in (root / "data").glob("[!.]*.parquet")
    }


PHOTOGRAPH_CASES = {
    "ingest": Case(_project, _ingest, lambda root: sums_of(root / "data")),
    "augment": Case(
        lambda root: small_build(root / "photographs"), _augment, _versions
    ),
    "draw": Case(
        lambda root: _draw(root, 1),
        lambda root: _draw(root, 2),
        lambda root: sums_of(root / "data" / "drawn"),
    ),
    "unpack": Case(
        _archive,
        lambda root: unpack(root / "photographs.zip", root / "data"),
        _unpacked,
    ),
    "compare": Case(lambda _: None, _compare, _look_at_table),
}
