"""The page sees and answers what Python does."""

from base64 import b64decode
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from kigezi.photos.geometry import fit
from kigezi.photos.reading import decode, to_rgb
from tests.app.browsing import as_pixels, as_text
from tests.app.conftest import CLASSES, SIZE, photograph
from tests.app.serving import Site

pytestmark = pytest.mark.slow

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
        answer = page.evaluate(ASK, as_text(image.tobytes()))
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
            asked = [as_text(noise.tobytes()), width, height, size, how]
            expected = np.asarray(fit(Image.fromarray(noise), size, how))
            found = as_pixels(page.evaluate(FIT, asked), size)
            assert np.array_equal(found, expected), (width, height, size, how)


def test_transparency_is_laid_over_white_as_pillow_does(page: Any, site: Site) -> None:
    page.goto(site.address)
    colours, alphas = np.meshgrid(*(np.arange(256, dtype=np.uint8),) * 2)
    layers = np.stack([colours, colours, colours, alphas], axis=-1)
    found = b64decode(page.evaluate(WHITE, as_text(layers.tobytes())))
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
        found = as_pixels(page.evaluate(READ, [as_text(data), SIZE, how]))
        difference = np.abs(found.astype(int) - expected)
        assert difference.mean() < 0.5
        assert difference.max() <= 5


def test_a_transparent_png_is_read_as_in_python(page: Any, site: Site) -> None:
    values = np.random.default_rng(1).integers(0, 256, (SIZE, SIZE, 4), np.uint8)
    stream = BytesIO()
    Image.fromarray(values, "RGBA").save(stream, "PNG")
    page.goto(site.address)
    asked = [as_text(stream.getvalue()), SIZE, "crop"]
    found = as_pixels(page.evaluate(READ, asked)).astype(int)
    expected = np.asarray(decode(stream.getvalue(), SIZE))
    assert np.abs(found - expected).max() <= 1


def test_a_colour_profile_is_ignored_as_in_python(page: Any, site: Site) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # Red and green change places, so that whoever heeds it is found out.
    swapped = profile.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ")
    data = photograph(icc_profile=swapped.replace(b"????", b"gXYZ"))
    page.goto(site.address)
    found = as_pixels(page.evaluate(READ, [as_text(data), SIZE, "crop"]))
    expected = np.asarray(fit(decode(data, SIZE), SIZE, "crop"))
    assert np.array_equal(found, expected)
