from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kigezi.answering.card import CARD, FILES
from kigezi.answering.classifier import Classifier
from kigezi.photos.building import image_maker
from kigezi.photos.making import hash_pixels
from tests.coloured_export import CLASSES, SIZE, SmallExport, coloured
from tests.pictures import augment_parameters, encoded, image_parameters, textured

DEEP = Image.fromarray(
    np.random.default_rng(1).integers(0, 2**16, (70, 90), dtype=np.uint16)
)


def _turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(textured(2, (150, 90)), exif=exif)


def _animated() -> bytes:
    frames = [textured(seed, (80, 100)).convert("P") for seed in (1, 2)]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


def _transparent() -> bytes:
    image = textured(3, (90, 120)).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return encoded(image, "PNG")


PHOTOGRAPHS = {
    "plain": encoded(textured()),
    **{f"turned {way}": _turned(way) for way in range(1, 9)},
    "transparent": _transparent(),
    "transparent palette": encoded(
        textured(4).convert("P"), "PNG", transparency=b"\0\x80" * 40
    ),
    "16 bits": encoded(DEEP, "PNG"),
    "large": encoded(textured(5, (3000, 2000))),
    "CMYK": encoded(textured(6).convert("CMYK")),
    "grey": encoded(textured(7).convert("L")),
    "one bit": encoded(textured(8).convert("1"), "PNG"),
    "animated": _animated(),
    "WEBP": encoded(textured(9), "WEBP"),
    "BMP": encoded(textured(10, (71, 203)), "BMP"),
    "a strip": encoded(textured(11, (900, 17))),
    "as large as it is looked at": encoded(textured(12, (SIZE, SIZE))),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, small_export: SmallExport) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    for name, data in small_export.files(least_familiarity=-1e9).items():
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def classifier(folder: Path) -> Classifier:
    return Classifier.open(folder / FILES["float32"], folder / CARD)


@pytest.mark.parametrize("how", ["crop", "pad", "squash"])
@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_it_sees_what_was_learnt_from(
    folder: Path, small_export: SmallExport, name: str, how: str
) -> None:
    card = small_export.card.model_copy(update={"fit": how})
    seen = Classifier(folder / FILES["float32"], card).pixels(PHOTOGRAPHS[name])
    # Copy 0, before it is written as a JPEG.
    make = image_maker(image_parameters(SIZE, how), augment_parameters())
    stored, *_ = make(PHOTOGRAPHS[name], "p")
    assert seen.shape == (SIZE, SIZE, 3)
    assert hash_pixels(Image.fromarray(seen)) == stored[2]


def test_photographs_are_answered(classifier: Classifier) -> None:
    for number, pixels in enumerate(coloured(12, seed=21)):
        answer = classifier.classify(encoded(Image.fromarray(pixels), "PNG"))
        assert answer.top[0][0] == CLASSES[number % 3]
        assert sum(share for _, share in answer.top) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("kind", ["float16", "int8"])
def test_every_litert_file_answers(folder: Path, kind: str) -> None:
    classifier = Classifier.open(folder / FILES[kind], folder / CARD)
    probabilities, familiarity = classifier.look(coloured(1, seed=21)[0])
    assert probabilities.argmax() == 0
    assert isinstance(familiarity, float)


def test_one_answer_does_not_depend_on_the_one_before(classifier: Classifier) -> None:
    first, second = coloured(2, seed=30)
    before = classifier.look(first)
    classifier.look(second)
    again = classifier.look(first)
    np.testing.assert_array_equal(before[0], again[0])
    assert before[1] == again[1]


def test_what_was_looked_at_is_kept(classifier: Classifier) -> None:
    first, second = coloured(2, seed=30)
    probabilities, _ = classifier.look(first)
    kept = probabilities.copy()
    classifier.look(second)
    np.testing.assert_array_equal(probabilities, kept)


def test_pillows_limit_is_as_before(classifier: Classifier) -> None:
    before = Image.MAX_IMAGE_PIXELS
    with pytest.raises(Image.DecompressionBombWarning):
        classifier.classify(PHOTOGRAPHS["large"], maximum_megapixels=5)
    assert before == Image.MAX_IMAGE_PIXELS
    with pytest.raises(OSError, match="truncated"):
        classifier.classify(PHOTOGRAPHS["plain"][:-400])
    Image.open(BytesIO(PHOTOGRAPHS["plain"])).load()
