from pathlib import Path

import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from kedro_datasets.pandas import CSVDataset, ParquetDataset

from kigezi.datasets.photographs import PhotographsDataset
from kigezi.errors import DataError
from kigezi.pipelines import augment, ingest, verify
from kigezi.pipelines.verify.nodes import TABLE
from tests.conftest import make_loader
from tests.datasets.builds import dataset
from tests.pictures import (
    augment_parameters,
    image_parameters,
    ingest_parameters,
    photograph_files,
    write_tree,
)
from tests.projects import PROJECT
from tests.stores import comparison_datasets


@pytest.fixture
def catalog(tmp_path: Path) -> DataCatalog:
    """The catalog after ingest and augment."""
    write_tree(tmp_path / "photographs", photograph_files({"a": 6, "b": 4}))
    table = CSVDataset(filepath=str(tmp_path / "table.csv"), save_args={"index": False})
    catalog = DataCatalog(
        {
            "params:ingest": MemoryDataset(ingest_parameters()),
            "params:ingest.source": MemoryDataset("photographs"),
            "params:image": MemoryDataset(image_parameters()),
            "params:augment": MemoryDataset(augment_parameters()),
            "photographs": PhotographsDataset(path=str(tmp_path), unpacked="unpacked"),
            **comparison_datasets(tmp_path),
            "ledger": ParquetDataset(filepath=str(tmp_path / "ledger.parquet")),
            "augmented": dataset(tmp_path, workers=2),
            "verification": table,
        }
    )
    made = ingest.create_pipeline() + augment.create_pipeline()
    SequentialRunner().run(made, catalog)
    return catalog


def test_the_table_has_a_head_when_it_is_empty(
    tmp_path: Path, catalog: DataCatalog
) -> None:
    SequentialRunner().run(verify.create_pipeline(), catalog)
    assert (tmp_path / "table.csv").read_text().strip() == "path,photo,problem,remedy"


def test_the_table_is_stored_before_the_run_is_refused(
    tmp_path: Path, catalog: DataCatalog
) -> None:
    (tmp_path / "photographs" / "a" / "002.jpg").unlink()
    with pytest.raises(DataError, match=r"1 difference in .*a/002\.jpg: the photog"):
        SequentialRunner().run(verify.create_pipeline(), catalog)
    table = pd.read_csv(tmp_path / "table.csv")
    assert table["photo"].tolist() == ["a/002.jpg"]


def test_the_sentence_names_the_table_of_the_catalog() -> None:
    loader = make_loader(PROJECT / "conf")
    assert loader["catalog"]["verification"]["filepath"] == TABLE
