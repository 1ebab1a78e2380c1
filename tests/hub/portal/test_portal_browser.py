"""The page in a real browser, on a small phone, without JavaScript, with the keyboard alone."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browsing import AXE, follow, needs_chromium, violations

pytestmark = needs_chromium


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=address)
    yield context
    context.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=address, java_script_enabled=False)
    yield context.new_page()
    context.close()


KINDS = {
    "form": "/",
    "found": "/?code=H21.09-261120-0042",
    "supplement": "/?code=H21.09-261120-0005",
    "several": "/?code=H21.20-261120-0009",
    "malformed": "/?code=H21.09-261132-0042",
    "long": "/?code=" + "9" * 500,
    "missing": "/?code=H21.09-261120-9999",
    "down": "/?code=broken",
    "english": "/?lang=en&code=H21.09-261120-0005",
    "question": "/xem-day-du?code=H21.09-261120-0042",
}


@pytest.mark.parametrize("path", KINDS.values(), ids=KINDS.keys())
def test_a_small_phone_shows_it_whole_with_targets_for_fingers(phone: BrowserContext, path: str) -> None:
    page = phone.new_page()
    requested: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    for target in page.locator("a:visible, button, input[type=text]").all():
        if "skip" not in (target.get_attribute("class") or ""):
            box = target.bounding_box()
            assert box and box["height"] >= 44, target.inner_text()
    assert [url for url in requested if not url.startswith("data:")] == [page.url]
    assert not [line for line in complaints if "Content Security Policy" in line]


@pytest.mark.skipif(not AXE.exists(), reason="needs axe-core; run npm ci --prefix tests/suite/node")
def test_nothing_keeps_anybody_from_using_a_page(browser: Browser, address: str) -> None:
    """On a phone and on a desk. The policy is set aside for this: the pages themselves run no script."""
    for width in (360, 1280):
        viewport: Any = {"width": width, "height": 800}
        context = browser.new_context(viewport=viewport, base_url=address, bypass_csp=True)
        page = context.new_page()
        page.set_content("<p>Không có tiêu đề<img src='data:,'><input>")
        assert violations(page), "axe-core finds what is wrong"
        wrong = {}
        for kind, path in KINDS.items():
            page.goto(path)
            wrong[kind] = violations(page)
        page.goto(KINDS["question"])
        page.get_by_label("Sáu số cuối").fill("777123")
        follow(page.get_by_role("button", name="Xem hồ sơ"))
        wrong["refused"] = violations(page)
        page.get_by_label("Sáu số cuối").fill("482913")
        follow(page.get_by_role("button", name="Xem hồ sơ"))
        page.get_by_text("Nguyễn Văn Đức").wait_for()
        wrong["full"] = violations(page)
        assert {kind: found for kind, found in wrong.items() if found} == {}
        context.close()


def test_the_applicant_sees_all_of_it_without_javascript(page: Page) -> None:
    page.goto("/?code=H21.09-261120-0042")
    follow(page.get_by_role("link", name="Xem đầy đủ"))
    page.get_by_label("Sáu số cuối").fill("777 123")
    follow(page.get_by_role("button", name="Xem hồ sơ"))
    assert "chưa khớp" in page.get_by_role("alert").inner_text()
    page.keyboard.type("482 913")  # The field has the focus.
    page.keyboard.press("Enter")
    page.get_by_text("Nguyễn Văn Đức").wait_for()
    assert "482" not in page.url and "%20" not in page.url
    assert page.url.endswith("/xem-day-du")


def test_the_form_works_without_javascript(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Mã hồ sơ", exact=True).fill("h21.09 – 261120 – 0042")
    follow(page.get_by_role("button", name="Tra cứu"))
    assert page.get_by_role("heading", level=1).inner_text() == "Hồ sơ đang được giải quyết"
    assert page.get_by_text("H21.09-261120-0042").is_visible()


def test_the_keyboard_alone_is_enough(page: Page) -> None:
    page.goto("/?lang=en")
    for _ in range(4):  # skip link, service name, language, field
        page.keyboard.press("Tab")
    page.keyboard.type("H21.09-261132-0042")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?*code=*")
    assert "month 11 has no day 32" in page.get_by_role("alert").inner_text()
    page.keyboard.press("Tab")  # The summary has the focus; the next stop is its link to the field.
    page.keyboard.press("Enter")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("H21.09-261120-0042")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?*0042*")
    page.get_by_role("heading", level=1, name="Your dossier is being worked on").wait_for()
