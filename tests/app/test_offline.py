"""The page works without network, and is never harmed by a thin one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.app.browsing import READY, choose, version_of, visit, wait_for
from tests.app.conftest import CLASSES, photograph
from tests.app.serving import Site

pytestmark = pytest.mark.slow


def test_it_works_without_network_after_one_visit(page: Any, site: Site) -> None:
    visit(page, site)
    site.asked.clear()
    page.context.set_offline(True)
    site.breaking.update(path for path in _paths(site.folder))
    page.reload()
    wait_for(page, "#offline", READY)
    choose(page, photograph())
    page.locator("#bars li").first.wait_for()
    assert page.locator("#verdict").inner_text() in CLASSES
    assert site.asked == []


def _paths(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path.relative_to(folder).as_posix() for path in files]


def test_a_newer_version_replaces_the_older_one(
    page: Any, site: Site, build: Callable[..., Path]
) -> None:
    visit(page, site)
    before = version_of(page)
    site.folder = build("newer", name="newer study")
    site.asked.clear()
    page.reload()
    page.locator("#use-update").click()
    wait_for(page, "#model", "newer study")
    assert version_of(page) != before
    # What did not change was not fetched again.
    assert not any(path.endswith((".wasm", ".tflite")) for path in site.asked)
    assert "model.json" in site.asked
    page.context.set_offline(True)
    page.reload()
    wait_for(page, "#model", "newer study")
    caches = page.evaluate("async () => (await caches.keys()).length")
    assert caches == 1


def test_an_update_that_fails_leaves_the_older_one_working(
    page: Any, site: Site, build: Callable[..., Path]
) -> None:
    visit(page, site)
    site.folder = build("newer", name="newer study")
    # After model.json, which is new too, comes a new style.css; there the link breaks.
    listed = json.loads((site.folder / "files.json").read_text())
    listed["files"]["style.css"] = "0" * 64
    (site.folder / "files.json").write_text(json.dumps(listed))
    site.breaking.add("style.css")
    page.reload()
    wait_for(page, "#model", "study")
    page.wait_for_timeout(2000)
    for offline in (False, True):
        page.context.set_offline(offline)
        page.reload()
        wait_for(page, "#offline", READY)
        assert "newer study" not in page.locator("#model").inner_text()
        assert not page.locator("#update").is_visible()
        choose(page, photograph())
        page.locator("#bars li").first.wait_for()


def test_a_file_of_another_version_is_not_stored(
    page: Any, site: Site, build: Callable[..., Path]
) -> None:
    (site.folder / "style.css").write_text("body { color: red }")
    page.goto(site.address)
    wait_for(page, "#offline", "Not stored for use without network yet.")


def test_a_first_visit_that_breaks_off_is_gone_on_with(page: Any, site: Site) -> None:
    site.breaking.add("icon-512.png")
    page.goto(site.address)
    wait_for(page, "#offline", "Not stored for use without network yet.")
    site.breaking.clear()
    visit(page, site)


def test_without_https_it_works_and_says_so(page: Any, site: Site) -> None:
    page.goto(site.address.replace("localhost", "kigezi.test"))
    wait_for(page, "#offline", "the address does not begin with https")
    choose(page, photograph())
    page.locator("#bars li").first.wait_for()
