from pathlib import Path

from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from kedro_datasets.pandas import CSVDataset, ParquetDataset

from kigezi.datasets.photographs import PhotographsDataset
from kigezi.pipelines.ingest import create_pipeline
from tests.pictures import ingest_parameters, photograph_files, write_tree
from tests.stores import comparison_datasets


def test_shape() -> None:
    pipeline = create_pipeline()
    assert pipeline.inputs() == {"params:ingest", "photographs", "greys", "compared"}
    assert pipeline.outputs() == {
        *("ledger", "quarantine", "groups", "near_pairs", "pairs_sheet")
    }


def test_run_with_the_datasets_of_the_catalog(tmp_path: Path) -> None:
    files = photograph_files({"a": 6, "b": 4})
    write_tree(tmp_path / "photographs", {**files, "a/b\nc.txt": b"text"})
    catalog = DataCatalog(
        {
            "params:ingest": MemoryDataset(ingest_parameters()),
            "photographs": PhotographsDataset(path=str(tmp_path), unpacked="unpacked"),
            **comparison_datasets(tmp_path),
            "ledger": ParquetDataset(filepath=str(tmp_path / "ledger.parquet")),
            "quarantine": CSVDataset(
                filepath=str(tmp_path / "quarantine.csv"), save_args={"index": False}
            ),
        }
    )
    SequentialRunner().run(create_pipeline(), catalog)
    assert len(catalog.load("ledger")) == 11
    assert catalog.load("quarantine")["path"].tolist() == ["a/b\nc.txt"]
