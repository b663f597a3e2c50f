"""The page in a real browser; see `tests/app/conftest.py` for what it needs."""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from kigezi.photos.geometry import fit
from kigezi.photos.reading import decode, to_rgb
from tests.app.conftest import CLASSES, PAGE, SIZE, photograph
from tests.app.serving import Site

pytestmark = pytest.mark.slow
READY = "Ready for use without network."

ASK = """async (text) => {
  const { loadClassifier, decide } = await import("./classify.js");
  const { about, classify } = await loadClassifier();
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const answer = await classify(bytes);
  const { label } = decide(about, answer);
  return { ...answer, probabilities: [...answer.probabilities], label };
}"""
FIT = """async ([text, width, height, size, how]) => {
  const { fit } = await import("./resize.js");
  const data = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const square = fit({ data, width, height }, size, how).data;
  return btoa(Array.from(square, (byte) => String.fromCharCode(byte)).join(""));
}"""
WHITE = """async (text) => {
  const { layOverWhite } = await import("./resize.js");
  const data = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  layOverWhite(data);
  return btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(""));
}"""
READ = """async ([text, size, how]) => {
  const { openPhotograph, squarePixels } = await import("./photograph.js");
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const pixels = squarePixels(await openPhotograph(new Blob([bytes])), size, how);
  return btoa(Array.from(pixels, (byte) => String.fromCharCode(byte)).join(""));
}"""


def _text(data: bytes | npt.NDArray[np.uint8]) -> str:
    return b64encode(bytes(data)).decode()


def _pixels(text: str, size: int = SIZE) -> npt.NDArray[np.uint8]:
    return np.frombuffer(b64decode(text), np.uint8).reshape(size, size, 3)


def _choose(page: Any, data: bytes, name: str = "photograph.jpg") -> None:
    page.locator("#choose").wait_for()
    file = {"name": name, "mimeType": "image/jpeg", "buffer": data}
    page.set_input_files("#files", files=[file])


def _wait_for(page: Any, selector: str, text: str) -> None:
    page.locator(selector).filter(has_text=text).wait_for()


def _visit(page: Any, site: Site) -> None:
    """Open the page and wait until it is stored for use without network."""
    page.goto(site.address)
    _wait_for(page, "#offline", READY)


def _version(page: Any) -> str:
    """The beginning of the version that the page says it is of."""
    line = page.locator("#model").filter(has_text="Version")
    return line.inner_text().split()[-1].strip(".")


def test_the_network_answers_as_in_python(
    page: Any, site: Site, network: bytes
) -> None:
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(model_content=network).get_signature_runner("serving_default")
    page.goto(site.address)
    labels = set()
    for seed in range(8):
        image = fit(decode(photograph(seed), SIZE), SIZE, "crop")
        expected = run(image=np.asarray(image)[None])
        answer = page.evaluate(ASK, _text(image.tobytes()))
        probabilities = expected["probabilities"][0]
        assert np.allclose(answer["probabilities"], probabilities, rtol=0, atol=1e-3)
        familiarity = float(expected["familiarity"][0, 0])
        assert answer["familiarity"] == pytest.approx(familiarity, abs=1e-3)
        assert answer["label"] == CLASSES[int(probabilities.argmax())]
        labels.add(answer["label"])
    assert len(labels) > 1


def test_resizing_is_pillows_to_the_last_bit(page: Any, site: Site) -> None:
    page.goto(site.address)
    random = np.random.default_rng(5)
    sizes = [(1, 1), (1, 300), (300, 1), (SIZE, SIZE), (SIZE, 2 * SIZE), (97, 95)]
    sizes += [(640, 481), (SIZE - 1, SIZE), (3, 2), (SIZE, 50), (1025, 333)]
    sizes += [tuple(map(int, pair)) for pair in random.integers(1, 700, (20, 2))]
    for width, height in sizes:
        size = int(random.integers(1, 260)) if width % 2 else SIZE
        noise = random.integers(0, 256, (height, width, 3), np.uint8)
        # Black and white beside each other is where results leave 0 to 255.
        noise[::3] = np.where(noise[::3] > 127, 255, 0)
        for how in ("crop", "pad", "squash"):
            asked = [_text(noise.tobytes()), width, height, size, how]
            expected = np.asarray(fit(Image.fromarray(noise), size, how))
            found = _pixels(page.evaluate(FIT, asked), size)
            assert np.array_equal(found, expected), (width, height, size, how)


def test_transparency_is_laid_over_white_as_pillow_does(page: Any, site: Site) -> None:
    page.goto(site.address)
    colours, alphas = np.meshgrid(*(np.arange(256, dtype=np.uint8),) * 2)
    layers = np.stack([colours, colours, colours, alphas], axis=-1)
    found = b64decode(page.evaluate(WHITE, _text(layers.tobytes())))
    expected = np.asarray(to_rgb(Image.fromarray(layers, "RGBA")))
    rgba = np.frombuffer(found, np.uint8).reshape(256, 256, 4)
    assert np.array_equal(rgba[..., :3], expected)


@pytest.mark.parametrize("size", [(200, 150), (443, 291), (901, 670), (1999, 1603)])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_jpeg_is_read_as_in_python(
    page: Any, site: Site, size: tuple[int, int], orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = photograph(3, size, exif=exif, subsampling=0)
    page.goto(site.address)
    for how in ("crop", "pad", "squash"):
        expected = np.asarray(fit(decode(data, SIZE), SIZE, how))
        found = _pixels(page.evaluate(READ, [_text(data), SIZE, how]))
        difference = np.abs(found.astype(int) - expected)
        assert difference.mean() < 0.5
        assert difference.max() <= 5


def test_a_transparent_png_is_read_as_in_python(page: Any, site: Site) -> None:
    values = np.random.default_rng(1).integers(0, 256, (SIZE, SIZE, 4), np.uint8)
    stream = BytesIO()
    Image.fromarray(values, "RGBA").save(stream, "PNG")
    page.goto(site.address)
    asked = [_text(stream.getvalue()), SIZE, "crop"]
    found = _pixels(page.evaluate(READ, asked)).astype(int)
    expected = np.asarray(decode(stream.getvalue(), SIZE))
    assert np.abs(found - expected).max() <= 1


def test_a_photograph_gets_an_answer(page: Any, site: Site) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda line: complaints.append(line.text) if _is_error(line) else None,
    )
    _visit(page, site)
    _choose(page, photograph())
    page.locator("#bars li").first.wait_for()
    assert page.locator("#verdict").inner_text() in CLASSES
    assert page.locator("#sure").inner_text().endswith(" % sure")
    assert page.locator("#bars li").count() == 3
    assert page.locator("#preview").is_visible()
    assert complaints == []
    assert all(url.startswith(site.address) for url in asked)


def _is_error(line: Any) -> bool:
    # The runtime writes all that it has to tell as an error.
    return line.type == "error" and not line.text.startswith(("INFO:", "WARNING:"))


def test_it_works_without_network_after_one_visit(page: Any, site: Site) -> None:
    _visit(page, site)
    site.asked.clear()
    page.context.set_offline(True)
    site.breaking.update(path for path in _paths(site.folder))
    page.reload()
    _wait_for(page, "#offline", READY)
    _choose(page, photograph())
    page.locator("#bars li").first.wait_for()
    assert page.locator("#verdict").inner_text() in CLASSES
    assert site.asked == []


def _paths(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path.relative_to(folder).as_posix() for path in files]


@pytest.mark.parametrize("data", [b"", b"no photograph", photograph()[:150]])
def test_a_broken_file_is_said_to_be_one(page: Any, site: Site, data: bytes) -> None:
    page.goto(site.address)
    _choose(page, photograph())
    page.locator("#bars li").first.wait_for()
    _choose(page, data)
    _wait_for(page, "#problem", "cannot be read as a photograph")
    assert page.locator("#verdict").inner_text() == ""
    assert not page.locator("#ranking").is_visible()
    _choose(page, photograph())
    page.locator("#bars li").first.wait_for()
    assert not page.locator("#problem").is_visible()


def test_a_photograph_of_too_many_pixels_is_refused(page: Any, site: Site) -> None:
    stream = BytesIO()
    Image.new("1", (20_000, 5_001)).save(stream, "PNG")
    page.goto(site.address)
    _choose(page, stream.getvalue())
    _wait_for(page, "#problem", "more than 100 million pixels")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"confidence_threshold": 1.01}, "It would say"),
        ({"familiarity_threshold": 1e9}, "does not look like the photographs"),
    ],
)
def test_unsure_is_said_with_the_reason(
    page: Any,
    site: Site,
    build: Callable[..., Path],
    changes: dict[str, float],
    reason: str,
) -> None:
    site.folder = build("unsure", **changes)
    page.goto(site.address)
    _choose(page, photograph())
    _wait_for(page, "#verdict", "Unsure")
    assert page.locator("#doubts li").count() == 1
    assert reason in page.locator("#doubts").inner_text()
    assert page.locator("#bars li").count() == 3


def test_a_newer_version_replaces_the_older_one(
    page: Any, site: Site, build: Callable[..., Path]
) -> None:
    _visit(page, site)
    before = _version(page)
    site.folder = build("newer", study="newer study")
    site.asked.clear()
    page.reload()
    page.locator("#use-update").click()
    _wait_for(page, "#model", "newer study")
    assert _version(page) != before
    # What did not change was not fetched again.
    assert not any(path.endswith((".wasm", ".tflite")) for path in site.asked)
    assert "model.json" in site.asked
    page.context.set_offline(True)
    page.reload()
    _wait_for(page, "#model", "newer study")
    caches = page.evaluate("async () => (await caches.keys()).length")
    assert caches == 1


def test_an_update_that_fails_leaves_the_older_one_working(
    page: Any, site: Site, build: Callable[..., Path]
) -> None:
    _visit(page, site)
    site.folder = build("newer", study="newer study")
    (site.folder / "style.css").write_text("body { color: red }")  # not what is listed
    site.breaking.add("model.json")
    page.reload()
    _wait_for(page, "#model", "study")
    page.wait_for_timeout(2000)
    for offline in (False, True):
        page.context.set_offline(offline)
        page.reload()
        _wait_for(page, "#offline", READY)
        assert "newer study" not in page.locator("#model").inner_text()
        assert not page.locator("#update").is_visible()
        _choose(page, photograph())
        page.locator("#bars li").first.wait_for()


def test_a_file_of_another_version_is_not_stored(
    page: Any, site: Site, build: Callable[..., Path]
) -> None:
    (site.folder / "style.css").write_text("body { color: red }")
    page.goto(site.address)
    _wait_for(page, "#offline", "Not stored for use without network yet.")


def test_a_first_visit_that_breaks_off_is_gone_on_with(page: Any, site: Site) -> None:
    site.breaking.add("icon-512.png")
    page.goto(site.address)
    _wait_for(page, "#offline", "Not stored for use without network yet.")
    site.breaking.clear()
    _visit(page, site)


def test_the_camera_and_the_keyboard_reach_the_answer(page: Any, site: Site) -> None:
    page.goto(site.address)
    assert page.locator("#camera").get_attribute("capture") == "environment"
    page.locator("#take").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "take"
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    file = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photograph()}
    chooser.value.set_files(files=[file])
    page.locator("#bars li").first.wait_for()


@pytest.mark.parametrize("width", [320, 390, 768, 1200])
def test_nothing_is_wider_than_the_screen(page: Any, site: Site, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(site.address)
    _choose(page, photograph())
    page.locator("#bars li").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_missing_text_is_named(page: Any, site: Site) -> None:
    path = site.folder / "texts.json"
    texts = json.loads(path.read_text())
    del texts["unsure"]
    path.write_text(json.dumps(texts | {"sure": "{persent} sure"}))
    page.goto(site.address)
    _wait_for(page, "#problem", '"unsure" is missing')
    assert "{persent}" in page.locator("#problem").inner_text()


def test_a_translation_is_shown(page: Any, site: Site) -> None:
    path = site.folder / "texts.json"
    texts = json.loads(path.read_text())
    names = {name: f"{name} in Rukiga" for name in CLASSES}
    path.write_text(json.dumps(texts | {"lang": "cgg", "classes": names}))
    page.goto(site.address)
    _choose(page, photograph())
    _wait_for(page, "#verdict", "in Rukiga")
    assert page.evaluate("document.documentElement.lang") == "cgg"


def test_a_model_that_does_not_fit_is_said_to(
    page: Any, site: Site, build: Callable[..., Path]
) -> None:
    site.folder = build("wrong", classes=["one", "two"])
    page.goto(site.address)
    _wait_for(page, "#problem", "not familiarity float32 (1, 1)")


def test_without_https_it_works_and_says_so(page: Any, site: Site) -> None:
    page.goto(site.address.replace("localhost", "kigezi.test"))
    _wait_for(page, "#offline", "the address does not begin with https")
    _choose(page, photograph())
    page.locator("#bars li").first.wait_for()


def test_every_text_is_known_and_used() -> None:
    texts = json.loads((PAGE / "texts.json").read_text(encoding="utf-8"))
    known = (PAGE / "texts.js").read_text(encoding="utf-8")
    listed = re.findall(r"^  (\w+): \[", known, re.MULTILINE)
    assert sorted(listed) == sorted(texts.keys() - {"classes"})
    code = "".join(
        (PAGE / name).read_text(encoding="utf-8")
        for name in (
            "index.html",
            "page.js",
            "photograph.js",
            "offline.js",
            "classify.js",
        )
    )
    parts = {key: key.removeprefix("offline_") for key in listed}
    assert [key for key, part in parts.items() if f'"{part}"' not in code] == []
