from pathlib import Path

from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from kedro_datasets.pandas import ParquetDataset

from kigezi.datasets.photographs import PhotographsDataset
from kigezi.photos.building import build_digest, kept_rows
from kigezi.pipelines import augment, ingest
from tests.datasets.builds import dataset
from tests.pictures import (
    augment_parameters,
    image_parameters,
    ingest_parameters,
    photograph_files,
    write_tree,
)
from tests.stores import comparison_datasets


def test_shape() -> None:
    pipeline = augment.create_pipeline()
    assert pipeline.outputs() == {"augmented"}
    assert {"ledger", "photographs", "params:ingest.source"} <= pipeline.inputs()


def test_ingest_and_augment_together(tmp_path: Path) -> None:
    write_tree(tmp_path / "photographs", photograph_files({"a": 6, "b": 4}))
    image, changes = image_parameters(), augment_parameters()
    catalog = DataCatalog(
        {
            "params:ingest": MemoryDataset(ingest_parameters()),
            "params:ingest.source": MemoryDataset("photographs"),
            "params:image": MemoryDataset(image),
            "params:augment": MemoryDataset(changes),
            "photographs": PhotographsDataset(path=str(tmp_path), unpacked="unpacked"),
            **comparison_datasets(tmp_path),
            "ledger": ParquetDataset(filepath=str(tmp_path / "ledger.parquet")),
            "augmented": dataset(tmp_path),
        }
    )
    pipeline = ingest.create_pipeline() + augment.create_pipeline()
    SequentialRunner().run(pipeline, catalog)
    digest = build_digest(kept_rows(catalog.load("ledger")), image, changes)
    assert len(catalog.load("augmented").version(digest).manifest) == 40
