"""MLflow's own server with a registered model, asked as README.md says."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from kigezi.answering.classifier import Classifier
from kigezi.answering.deciding import as_row
from kigezi.datasets.mlflow_registry import registered_name
from kigezi.datasets.mlflow_server import Server
from tests.bright_export import plain_photograph, write_export
from tests.png import header, png
from tests.registered import register
from tests.servers import free_port, wait_for

BOMB = png([(b"IHDR", header(60_000, 60_000)), (b"IDAT", b""), (b"IEND", b"")])
DARK, LIGHT = plain_photograph(20), plain_photograph(240)


def _text(image: bytes) -> str:
    return b64encode(image).decode()


def _records(*images: bytes) -> dict[str, Any]:
    return {"dataframe_records": [{"image": _text(image)} for image in images]}


MISTAKES: dict[str, tuple[Any, str]] = {
    "no photograph": (_records(b"a letter"), "Image 1 is no photograph. Send a JPEG"),
    "empty": (_records(b""), "Image 1 is empty. Send a JPEG"),
    "cut short": (_records(LIGHT, LIGHT[:300]), "Image 2 is cut short or damaged"),
    "a bomb": (_records(BOMB), "Image 1 has more than 100 million pixels"),
    "another column": (
        {"dataframe_records": [{"picture": _text(DARK)}]},
        "Model is missing inputs ['image']",
    ),
    "nothing": ({"dataframe_records": []}, "Model is missing inputs ['image']"),
    "no text": (
        {"dataframe_records": [{"image": 5}]},
        "Failed to convert column image",
    ),
    "no base64": (
        {"dataframe_records": [{"image": "abcde"}]},
        "Invalid base64-encoded string",
    ),
    "other characters": (
        {"dataframe_records": [{"image": "%% some text %%"}]},
        "Image 1 is no photograph. Send a JPEG",
    ),
    "not in records": (
        {"inputs": {"image": [_text(DARK)]}},
        "as `image` of a record in `dataframe_records`",
    ),
    "no key": ({"image": _text(DARK)}, "exactly one of the input fields"),
    "no JSON": (DARK, "Ensure that input is a valid JSON formatted string"),
}


def _post(address: str, body: Any) -> tuple[int, dict[str, Any]]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}/invocations", data, kind)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read(), parse_constant=pytest.fail)
    except HTTPError as error:
        return error.code, json.loads(error.read())


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/ping", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


@contextmanager
def _serving(folder: Path, tracking: str, model: str) -> Iterator[str]:
    port = free_port()
    command = (
        f"{sys.executable} -m mlflow models serve -m models:/{model}/1 "
        f"--env-manager=local --host=127.0.0.1 --port={port}"
    )
    # MLflow starts uvicorn by its name, which is found where the environment is on.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    settings = {"MLFLOW_TRACKING_URI": tracking, "PATH": path, "PYTHONPATH": ""}
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            command.split(),
            cwd=folder,
            env=os.environ | settings,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: _answers(address) or process.poll() is not None, 120)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.slow
def test_mlflow_serves_the_registered_model(server: Server, tmp_path: Path) -> None:
    exported = write_export(tmp_path / "exported")
    register(server, exported)
    classifier = Classifier.open(
        exported.path("float32"), exported.folder / "card.json"
    )
    expected = [as_row(classifier.classify(image)) for image in (DARK, LIGHT)]
    model = registered_name(server.experiment)
    with _serving(tmp_path, server.uri, model) as address:
        for body, sentence in MISTAKES.values():
            status, said = _post(address, body)
            assert (status, sentence in said["message"]) == (400, True), said
        status, said = _post(address, _records(DARK, LIGHT))
    assert status == 200
    for row, one in zip(said["predictions"], expected, strict=True):
        assert row == one | {"third_probability": None}
