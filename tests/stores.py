"""Stores of a project of which tests need nothing else."""

from pathlib import Path

from kigezi.datasets.model_inputs import ModelInputs, ModelInputsDataset
from kigezi.datasets.tables import Tables, TablesDataset


def comparison_datasets(root: Path) -> dict[str, ModelInputsDataset | TablesDataset]:
    """What ingest keeps while it compares photographs, as entries of a catalog."""
    return {
        "greys": ModelInputsDataset(path=str(root / "greys"), gigabytes=1),
        "compared": TablesDataset(path=str(root / "compared"), workers=1),
    }


def comparison_stores(root: Path) -> tuple[ModelInputs, Tables]:
    """The same, open."""
    greys, compared = comparison_datasets(root).values()
    return greys.load(), compared.load()
