import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow.models import Model

from kigezi.answering.deciding import COLUMNS
from kigezi.datasets.mlflow_registry import registered_name
from kigezi.datasets.mlflow_server import Server
from tests.bright_export import plain_photograph, write_export
from tests.datasets.conftest import begin_new_process
from tests.projects import PROJECT
from tests.registered import EXAMPLE, model_files, register


@pytest.fixture(autouse=True)
def _registered(server: Server, tmp_path: Path) -> Iterator[None]:
    begin_new_process()
    register(server, write_export(tmp_path / "exported"))
    yield
    begin_new_process()


def test_the_model_says_what_goes_in_and_what_comes_out(server: Server) -> None:
    folder = model_files(server)
    model = Model.load(folder)
    assert model.get_input_schema().input_names() == ["image"]
    assert model.get_output_schema().input_names() == list(COLUMNS)
    required = model.get_output_schema().required_input_names()
    assert set(COLUMNS) - set(required) == {"third_probability"}
    assert model.metadata == {"classes": ["dark", "light"]}
    assert model.load_input_example(folder)["image"].item() == EXAMPLE


def test_nothing_is_pickled(server: Server) -> None:
    files = [path for path in model_files(server).rglob("*") if path.is_file()]
    suffixes = {path.suffix for path in files}
    assert suffixes <= {"", ".json", ".py", ".tflite", ".txt", ".yaml"}
    # A pickle of protocol 2 and later begins with this byte.
    assert not [path for path in files if path.read_bytes()[:1] == b"\x80"]


def test_the_model_loads_without_the_project(server: Server, tmp_path: Path) -> None:
    folder = model_files(server)
    photograph = tmp_path / "dark.jpg"
    photograph.write_bytes(plain_photograph(20))
    script = str(PROJECT / "tests" / "load_alone.py")
    uri = f"models:/{registered_name(server.experiment)}/1"
    environment = os.environ | {"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
    done = subprocess.run(
        [sys.executable, "-I", script, server.uri, uri, str(photograph)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=120,
    )
    said = json.loads(done.stdout.splitlines()[-1])
    assert (said["answer"], said["example"]) == ("dark", "light")
    assert said["code"] == str(folder / "code" / "kigezi")
    assert said["heavy"] == []
