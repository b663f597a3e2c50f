import pickle
from pathlib import Path

import pandas as pd

from kigezi.datasets.photographs import PhotographLibrary
from kigezi.photos.building import build_digest, kept_rows
from kigezi.pipelines.augment.nodes import augment_photographs
from tests.pictures import (
    augment_parameters,
    image_parameters,
    photograph_files,
    write_tree,
)

LEDGER = pd.DataFrame(
    {
        "path": ["a/000.jpg", "b/000.jpg"],
        "photo_id": ["x", "y"],
        "label": ["a", "b"],
        "split": ["train", ""],
        "status": ["kept", "duplicate"],
    }
)


def test_the_build_says_what_to_make_and_makes_nothing(tmp_path: Path) -> None:
    files = photograph_files({"a": 1, "b": 1})
    write_tree(tmp_path / "photographs", files)
    library = PhotographLibrary(tmp_path, tmp_path / "unpacked")
    image, augment = image_parameters(), augment_parameters()
    build = augment_photographs(LEDGER, library, "photographs", image, augment)
    assert build.digest == build_digest(kept_rows(LEDGER), image, augment)
    assert build.photographs["path"].tolist() == ["a/000.jpg"]
    assert build.folder.read("a/000.jpg") == files["a/000.jpg"]
    make = pickle.loads(pickle.dumps(build.make))
    assert len(make(files["a/000.jpg"], "x")) == 4
