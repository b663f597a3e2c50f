"""The whole pipeline on small drawn photographs with the bundled backbone."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kedro.io import CatalogConfigResolver, DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from PIL import Image, ImageFilter

from kigezi.datasets.photographs import PhotographLibrary
from kigezi.errors import DataError
from kigezi.pipelines import quality
from kigezi.pipelines.ingest.nodes import (
    compare_photographs,
    split_photographs,
    survey_photographs,
)
from kigezi.pipelines.quality.nodes import draw_worst
from tests.conftest import make_loader, make_tune
from tests.pictures import (
    encoded,
    image_parameters,
    ingest_parameters,
    picture,
    quality_parameters,
    write_tree,
)
from tests.projects import PROJECT
from tests.stores import comparison_stores

PIPELINE = quality.create_pipeline()
STORES = {"ledger", "photographs", "backbone_weights", "model_inputs"}
OUTPUTS = {"quality", "quality_pictures", "shortcuts"}
SWAPPED = "striped/100.png"


def _photograph(seed: int, striped: bool) -> Image.Image:
    pixels = np.asarray(picture(seed, (64, 64))).copy()
    if striped:
        pixels[::8] = pixels[1::8] = 0
    return Image.fromarray(pixels)


def _files() -> dict[str, bytes]:
    """Two classes, of whose photographs one lies in the wrong folder."""
    files = {
        f"{('plain', 'striped')[seed % 2]}/{seed:03d}.png": encoded(
            _photograph(seed, seed % 2 == 1), "PNG"
        )
        for seed in range(60)
    }
    files[SWAPPED] = encoded(_photograph(100, striped=False), "PNG")
    soft = _photograph(101, True).filter(ImageFilter.GaussianBlur(4))
    files["striped/blurred.png"] = encoded(soft, "PNG")
    for color in ("black", "white"):
        files[f"plain/{color}.png"] = encoded(Image.new("RGB", (64, 64), color), "PNG")
    files["plain/long.png"] = encoded(picture(102, (640, 64)), "PNG")
    return files


def _catalog(root: Path) -> DataCatalog:
    """The project's catalog, with its files in a folder of the test."""
    library = PhotographLibrary(root, root / "unpacked")
    parameters = ingest_parameters()
    survey = survey_photographs(parameters, library)
    stores = comparison_stores(root)
    pairs = compare_photographs(survey, library, parameters, *stores)
    ledger, *_ = split_photographs(survey, pairs, parameters)
    entries = make_loader(PROJECT / "conf")["catalog"]
    for entry in entries.values():
        for key in ("filepath", "path"):
            if key in entry:
                entry[key] = str(root / entry[key])
    catalog = DataCatalog.from_config(
        {name: entries[name] for name in PIPELINE.datasets() if name in entries}
    )
    tune = make_tune({"freeze": {"head_only": {}}}, weights="bundled")
    memory: dict[str, Any] = {
        "photographs": library,
        "params:ingest.source": parameters.source,
        "params:image": image_parameters(64),
        "params:tune": tune,
        "params:quality": quality_parameters(),
    }
    for name, value in memory.items():
        catalog[name] = MemoryDataset(value, copy_mode="assign")
    catalog.save("ledger", ledger)
    return catalog


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("quality")
    write_tree(root / "photographs", _files())
    SequentialRunner().run(PIPELINE, _catalog(root))
    return root


@pytest.fixture
def table(folder: Path) -> pd.DataFrame:
    path = folder / "data" / "08_reporting" / "quality.csv"
    return pd.read_csv(path, keep_default_na=False).set_index("path")


def test_inputs_and_outputs() -> None:
    plain = {name for name in PIPELINE.inputs() if not name.startswith("params:")}
    assert plain == STORES
    assert PIPELINE.outputs() == OUTPUTS - {"quality"}
    resolver = CatalogConfigResolver(make_loader(PROJECT / "conf")["catalog"])
    for name in PIPELINE.all_outputs():
        assert resolver.resolve_pattern(name)["metadata"]["kedro-viz"]["layer"]


def test_nothing_is_dropped_or_changed(folder: Path, table: pd.DataFrame) -> None:
    files = _files()
    assert set(table.index) == set(files)
    for path, data in files.items():
        assert (folder / "photographs" / path).read_bytes() == data


@pytest.mark.parametrize(
    ("path", "flag"),
    [
        ("striped/blurred.png", "blurred"),
        ("plain/black.png", "dark"),
        ("plain/white.png", "bright"),
        ("plain/white.png", "clipped"),
        ("plain/long.png", "odd_size"),
        (SWAPPED, "doubtful_label"),
    ],
)
def test_what_is_odd_is_flagged(table: pd.DataFrame, path: str, flag: str) -> None:
    assert flag in table.at[path, "flags"].split()


def test_ordinary_photographs_are_not_flagged(table: pd.DataFrame) -> None:
    ordinary = table[table.index.str.contains(r"/0\d\d\.png")]
    assert len(ordinary) == 60
    assert (ordinary["flags"] != "").sum() <= 2


def test_the_right_class_is_suggested(table: pd.DataFrame) -> None:
    row = table.loc[SWAPPED]
    assert (row["label"], row["suggested_label"]) == ("striped", "plain")
    assert row["label_probability"] < 0.5


def test_the_worst_are_drawn(folder: Path) -> None:
    with Image.open(folder / "data" / "08_reporting" / "quality.png") as image:
        assert min(image.size) > 500


def test_shortcuts_are_compared_on_all_photographs(folder: Path) -> None:
    shortcuts = pd.read_csv(folder / "data" / "08_reporting" / "shortcuts.csv")
    assert len(shortcuts) == 4
    assert set(shortcuts["photographs"]) == {len(_files())}
    assert shortcuts["accuracy"].between(shortcuts["low"], shortcuts["high"]).all()
    whole, nothing = shortcuts["accuracy"].iloc[[0, 3]]
    assert whole > 0.85 > nothing


def test_a_photograph_that_went_away_is_named(
    folder: Path, table: pd.DataFrame
) -> None:
    library = PhotographLibrary(folder, folder / "unpacked")
    ledger = _catalog(folder).load("ledger")
    gone = folder / "photographs" / "plain" / "black.png"
    data = gone.read_bytes()
    gone.unlink()
    try:
        with pytest.raises(DataError, match=r"black\.png in .* cannot be read"):
            draw_worst(
                *(table.reset_index(), ledger, library, "photographs"),
                quality_parameters(),
            )
    finally:
        gone.write_bytes(data)
