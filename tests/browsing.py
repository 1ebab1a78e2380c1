"""A real browser for tests of pages, and what axe-core finds on one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

CHROMIUM = os.environ.get("HUB_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium; set HUB_TEST_CHROMIUM to its path")

#: Installed with the servers of the contract suite, by npm.
AXE = Path(__file__).parent / "suite" / "node" / "node_modules" / "axe-core" / "axe.min.js"


@contextmanager
def launched() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def follow(what: Locator) -> None:
    """Click what leads to a page, and be there: a click alone is done before the page that it leads to is whole, or has
    begun at all."""
    with what.page.expect_navigation():
        what.click()


def violations(page: Page) -> list[Any]:
    """What axe-core finds wrong with the page for people who see, hear or move otherwise: rule and place of each."""
    # What was seen of a page may be its beginning.
    page.wait_for_load_state()
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice']})")
    return [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found["violations"]]


def screenshot(page: Page, name: str) -> None:
    """Into the folder HUB_TEST_SCREENSHOTS, where somebody wants to look at them."""
    if folder := os.environ.get("HUB_TEST_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def nothing_wrong(page: Page) -> None:
    """As wide as the page just is, for people who see, hear or move otherwise; and it is no wider than the screen.
    Whoever has just clicked has `follow`ed."""
    assert violations(page) == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page.url


def looked_at(page: Page, name: str) -> None:
    """At both widths, and where somebody wants them with screenshots, there is nothing wrong."""
    page.wait_for_load_state()
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        screenshot(page, f"{name}-{width}")
        nothing_wrong(page)
