"""What a person sees; `tests/app/conftest.py` says what these tests need."""

import json
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.app.browsing import choose, visit, wait_for
from tests.app.conftest import CLASSES, photograph
from tests.app.serving import Site
from tests.projects import PROJECT

pytestmark = pytest.mark.slow

PAGE = PROJECT / "src/kigezi/app"


def test_a_photograph_gets_an_answer(page: Any, site: Site) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda line: complaints.append(line.text) if _is_error(line) else None,
    )
    visit(page, site)
    choose(page, photograph())
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


@pytest.mark.parametrize(
    "data", [b"", b"no photograph", photograph()[:150], photograph()[:-900]]
)
def test_a_broken_file_is_said_to_be_one(page: Any, site: Site, data: bytes) -> None:
    page.goto(site.address)
    choose(page, photograph())
    page.locator("#bars li").first.wait_for()
    choose(page, data)
    wait_for(page, "#problem", "cannot be read as a photograph")
    assert page.locator("#verdict").inner_text() == ""
    assert not page.locator("#ranking").is_visible()
    choose(page, photograph())
    page.locator("#bars li").first.wait_for()
    assert not page.locator("#problem").is_visible()


def test_a_photograph_of_too_many_pixels_is_refused(page: Any, site: Site) -> None:
    stream = BytesIO()
    Image.new("1", (20_000, 5_001)).save(stream, "PNG")
    page.goto(site.address)
    choose(page, stream.getvalue())
    wait_for(page, "#problem", "more than 100 million pixels")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"least_confidence": 1.01}, "It would say"),
        ({"least_familiarity": 1e9}, "does not look like the photographs"),
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
    choose(page, photograph())
    wait_for(page, "#verdict", "Unsure")
    assert page.locator("#doubts li").count() == 1
    assert reason in page.locator("#doubts").inner_text()
    assert page.locator("#bars li").count() == 3


def test_the_camera_and_the_keyboard_reach_the_answer(page: Any, site: Site) -> None:
    # The browser is told to expect a chooser, and not waited for: a key comes sooner.
    page.on("filechooser", lambda _: None)
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
    choose(page, photograph())
    page.locator("#bars li").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_missing_text_is_named(page: Any, site: Site) -> None:
    path = site.folder / "texts.json"
    texts = json.loads(path.read_text())
    del texts["unsure"]
    path.write_text(json.dumps(texts | {"sure": "{persent} sure"}))
    page.goto(site.address)
    wait_for(page, "#problem", '"unsure" is missing')
    assert "{persent}" in page.locator("#problem").inner_text()


def test_a_translation_is_shown(page: Any, site: Site) -> None:
    path = site.folder / "texts.json"
    texts = json.loads(path.read_text())
    names = {name: f"{name} in Rukiga" for name in CLASSES}
    path.write_text(json.dumps(texts | {"lang": "cgg", "classes": names}))
    page.goto(site.address)
    choose(page, photograph())
    wait_for(page, "#verdict", "in Rukiga")
    assert page.evaluate("document.documentElement.lang") == "cgg"


def test_a_model_that_does_not_fit_is_said_to(
    page: Any, site: Site, build: Callable[..., Path]
) -> None:
    site.folder = build("wrong", classes=["one", "two"])
    page.goto(site.address)
    wait_for(page, "#problem", "not familiarity float32 (1, 1)")


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
