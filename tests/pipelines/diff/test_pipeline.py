from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kedro.framework.cli.utils import _split_params
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from kedro_datasets.pandas import CSVDataset

from kigezi.configuration import load_parameters
from kigezi.pipelines import diff
from kigezi.schemas import DiffParameters
from tests.conftest import make_loader
from tests.datasets.builds import dataset, small_build

NAMES = ["2026-11-23T10.40.30.128Z", "2026-11-23", "2026", "2026-11-23 10:40:30"]


def test_two_versions_make_a_table(tmp_path: Path) -> None:
    for rotation in (30, 20):
        dataset(tmp_path).save(small_build(tmp_path / "photographs", rotation=rotation))
    table = CSVDataset(filepath=str(tmp_path / "diff.csv"), save_args={"index": False})
    catalog = DataCatalog(
        {
            "augmented": dataset(tmp_path),
            "params:diff": MemoryDataset(DiffParameters(old=None, new=None)),
            "diff": table,
        }
    )
    SequentialRunner().run(diff.create_pipeline(), catalog)
    stored = pd.read_csv(tmp_path / "diff.csv")
    assert stored["change"].tolist() == ["re-augmented"] * 12


@pytest.mark.parametrize("name", NAMES)
def test_a_version_in_a_file_stays_a_name(conf: Path, name: str) -> None:
    text = f"diff: {{old: {name}}}" if ":" not in name else f"diff:\n  old: {name}"
    (conf / "local" / "parameters_mine.yml").write_text(text)
    assert load_parameters(make_loader(conf)).diff == DiffParameters(old=name, new=None)


@pytest.mark.parametrize("name", NAMES)
def test_a_version_on_the_command_line_stays_a_name(conf: Path, name: str) -> None:
    given: Any = _split_params(None, None, f"diff.old={name},diff.new={name}")
    parameters = load_parameters(make_loader(conf, **given))
    assert parameters.diff == DiffParameters(old=name, new=name)
