"""What a test does in the page as a person would."""

from base64 import b64decode, b64encode
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.app.conftest import SIZE
from tests.app.serving import Site

READY = "Ready for use without network."


def as_text(data: bytes | npt.NDArray[np.uint8]) -> str:
    """Bytes as a page takes them."""
    return b64encode(bytes(data)).decode()


def as_pixels(text: str, size: int = SIZE) -> npt.NDArray[np.uint8]:
    """The square of pixels that a page gave."""
    return np.frombuffer(b64decode(text), np.uint8).reshape(size, size, 3)


def choose(page: Any, data: bytes, name: str = "photograph.jpg") -> None:
    """Give the page a photograph, as if a person had chosen the file."""
    page.locator("#choose").wait_for()
    file = {"name": name, "mimeType": "image/jpeg", "buffer": data}
    page.set_input_files("#files", files=[file])


def wait_for(page: Any, selector: str, text: str) -> None:
    """Wait until something shows this text."""
    page.locator(selector).filter(has_text=text).wait_for()


def visit(page: Any, site: Site) -> None:
    """Open the page and wait until it is stored for use without network."""
    page.goto(site.address)
    wait_for(page, "#offline", READY)


def version_of(page: Any) -> str:
    """The beginning of the version that the page says it is of."""
    line = page.locator("#model").filter(has_text="Version")
    return line.inner_text().split()[-1].strip(".")
