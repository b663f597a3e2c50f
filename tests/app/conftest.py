"""A folder with the page in it, a small server for it, and a browser to open it in."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kigezi.datasets.exported import FolderDataset
from kigezi.datasets.npm_packages import NpmPackages
from kigezi.errors import DataError
from kigezi.exporting.web_page import RUNTIME, assemble_page, read_texts
from tests.app.serving import Site, serving
from tests.cards import CARD, make_card

# Under this name the page is not on localhost, so that a browser wants https of it.
OTHER_NAME = "--host-resolver-rules=MAP kigezi.test 127.0.0.1"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CLASSES, SIZE = CARD["classes"], CARD["size"]


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
def runtime(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Mapping[str, bytes]]:
    """LiteRT.js from KIGEZI_TEST_LITERTJS, else from npm, else the test is skipped."""
    packages = NpmPackages(tmp_path_factory.mktemp("packages"))
    fetched = os.environ.get("KIGEZI_TEST_LITERTJS")
    try:
        return {name: packages.read(name, fetched) for name in RUNTIME}
    except DataError as error:
        if "npm" not in str(error):
            raise
        pytest.skip(f"LiteRT.js: {error}")


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
def build(
    network: bytes, runtime: dict[str, Mapping[str, bytes]], tmp_path: Path
) -> Callable[..., Path]:
    """Put the page together in a folder of this name, with changes to the card."""

    def built(folder: str = "site", **changes: Any) -> Path:
        always = {"least_confidence": 0.0, "least_familiarity": -1e9}
        card = make_card(**always | changes)
        files = assemble_page(card, network, runtime, read_texts(None))
        FolderDataset(path=str(tmp_path / folder)).save(files)
        return tmp_path / folder

    return built


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
