"""A folder with the page in it, a small server for it, and a browser to open it in."""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.app.serving import Site, serving
from tests.conftest import PROJECT

PAGE = PROJECT / "src/kigezi/app"
RUNTIME = {
    "core": (
        "dist/index.js",
        "wasm/litert_wasm_compat_internal.js",
        "wasm/litert_wasm_compat_internal.wasm",
    ),
    "wasm-utils": ("dist/index.js",),
}
RUNTIME_VERSION = "2.5.3"
# Under this name the page is not on localhost, so that a browser wants https of it.
OTHER_NAME = "--host-resolver-rules=MAP kigezi.test 127.0.0.1"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CLASSES = ["Early blight", "Late blight", "healthy"]
SIZE = 96


def assemble(folder: Path, model: bytes, about: dict[str, Any], runtime: Path) -> str:
    """Write everything that the page is made of, and return its version.

    Args:
        folder: Where to; it is made.
        model: The bytes of the LiteRT file.
        about: What model.json says of it, but its version.
        runtime: A folder with LiteRT.js' packages unpacked as `core` and `wasm-utils`.
    """
    shutil.copytree(PAGE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for package, paths in RUNTIME.items():
        for path in paths:
            target = folder / "runtime" / package / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(runtime / package / path, target)
    for side in (192, 512):
        Image.new("RGB", (side, side), (35, 139, 69)).save(folder / f"icon-{side}.png")
    (folder / "model.tflite").write_bytes(model)
    digests = _digests(folder)
    content = json.dumps([about, digests], sort_keys=True)
    version = hashlib.sha256(content.encode()).hexdigest()
    told = json.dumps(about | {"version": version}, allow_nan=False)
    (folder / "model.json").write_text(told, encoding="utf-8")
    listed = json.dumps({"version": version, "files": _digests(folder)})
    (folder / "files.json").write_text(listed, encoding="utf-8")
    return version


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in files
    }


def make_about(**changes: Any) -> dict[str, Any]:
    """What model.json says, with thresholds that every answer passes."""
    about = {
        "study": "study",
        "classes": CLASSES,
        "size": SIZE,
        "fit": "crop",
        "confidence_threshold": 0.0,
        "familiarity_threshold": -1e9,
    }
    return about | changes


def make_network() -> bytes:
    """A small network with random weights as a LiteRT file."""
    from tempfile import TemporaryDirectory

    from kigezi.quiet import import_keras

    import_keras()
    import keras

    keras.utils.set_random_seed(7)
    layers = keras.layers
    image = keras.Input((SIZE, SIZE, 3), dtype="uint8", name="image")
    maps = layers.Rescaling(1 / 127.5, offset=-1)(image)
    for filters in (8, 16):
        maps = layers.Conv2D(filters, 3, strides=3, use_bias=False)(maps)
        maps = layers.ReLU(6.0)(layers.BatchNormalization()(maps))
    features = layers.GlobalAveragePooling2D()(maps)
    # The colour decides too, so that not every photograph gets the same answer.
    colour = layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 127.5, -1)(image))
    spread = keras.initializers.Identity(2.0)
    colour = layers.Dense(len(CLASSES), kernel_initializer=spread)(colour)
    along = layers.Add()([layers.Dense(len(CLASSES))(features), colour])
    answer = layers.Softmax()(along)
    outputs = {"probabilities": answer, "familiarity": layers.Dense(1)(features)}
    model = keras.Model(image, outputs)
    taken = keras.InputSpec("uint8", (1, SIZE, SIZE, 3), name="image")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        model.export(path, format="litert", input_signature=[taken], verbose=False)
        return path.read_bytes()


def photograph(seed: int = 0, size: tuple[int, int] = (320, 240), **save: Any) -> bytes:
    """A JPEG of coloured patches, mostly red, green or blue."""
    patches = np.random.default_rng(seed).integers(0, 156, (6, 8, 3), np.uint8)
    patches[..., seed % 3] += 100
    image = Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC)
    stream = BytesIO()
    image.save(stream, **({"format": "JPEG", "quality": 90} | save))
    return stream.getvalue()


@pytest.fixture(scope="session")
def network() -> bytes:
    return make_network()


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LiteRT.js from KIGEZI_TEST_LITERTJS, else from npm, else the test is skipped."""
    packed = Path(os.environ.get("KIGEZI_TEST_LITERTJS", "")).absolute()
    if "KIGEZI_TEST_LITERTJS" not in os.environ:
        packed = tmp_path_factory.mktemp("packed")
        _download(packed)
    folder = tmp_path_factory.mktemp("runtime")
    for package in RUNTIME:
        archive = packed / f"litertjs-{package}-{RUNTIME_VERSION}.tgz"
        if not archive.exists():
            pytest.skip(f"{archive.name} is not in KIGEZI_TEST_LITERTJS")
        with tarfile.open(archive) as opened:
            opened.extractall(folder / package, filter="data")
        (folder / package / "package").rename(folder / f"{package}.unpacked")
        (folder / package).rmdir()
        (folder / f"{package}.unpacked").rename(folder / package)
    return folder


def _download(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("neither KIGEZI_TEST_LITERTJS is set nor npm installed")
    for package in RUNTIME:
        name = f"@litertjs/{package}@{RUNTIME_VERSION}"
        command = [npm, "pack", name]
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"npm could not fetch {name}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium without a window."""
    playwright = pytest.importorskip("playwright.sync_api")
    found = map(shutil.which, (os.environ.get("KIGEZI_CHROMIUM", ""), *BROWSERS))
    program = next(filter(None, found), None)
    if program is None:
        pytest.skip("no Chromium: set KIGEZI_CHROMIUM to its program")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    flags.append(OTHER_NAME)
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=program, args=flags)
        yield opened
        opened.close()


@pytest.fixture
def build(network: bytes, runtime: Path, tmp_path: Path) -> Callable[..., Path]:
    """Assemble the page in a folder of this name, with changes to model.json."""

    def assembled(name: str = "site", **changes: Any) -> Path:
        assemble(tmp_path / name, network, make_about(**changes), runtime)
        return tmp_path / name

    return assembled


@pytest.fixture
def site(build: Callable[..., Path]) -> Iterator[Site]:
    """A server of the page."""
    with serving(build()) as site:
        yield site


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """An empty tab of a browser that knows nothing yet."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()
