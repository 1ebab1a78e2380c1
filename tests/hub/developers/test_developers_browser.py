"""The developers' pages in a real browser, and the way of a newcomer through them: from the first page to an event."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browsing import AXE, follow, needs_chromium, violations
from tests.running import ROOT, HubProcess, kept_running

pytestmark = needs_chromium

#: For a page that is to come, and a fact that is written down now and then: a slow machine may take long.
_PATIENCE_MS = 180_000

PATHS = ("/developers", "/developers/events", "/developers/errors", "/developers/sandbox", "/developers/calls")


@pytest.fixture(scope="module")
def address(
    new_database: Callable[[], AbstractContextManager[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("hub")
    (folder / "agencies").mkdir()
    shutil.copy(ROOT / "config" / "agencies" / "so-yt.yaml", folder / "agencies")
    with new_database() as url:
        hub = HubProcess(url, folder / "data", folder / "agencies", command="api", settings={"HUB_SANDBOX": "true"})
        with kept_running(hub):
            yield hub.url


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=address, java_script_enabled=False)
    context.set_default_timeout(_PATIENCE_MS)
    yield context.new_page()
    context.close()


@dataclass
class Walk:
    """A newcomer's way through the pages: what was done, how long the machine took for it, and how much there was to
    read outside of code."""

    page: Page
    steps: list[tuple[str, str, float]] = field(default_factory=list)
    words: int = 0

    @contextmanager
    def step(self, kind: str, what: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.steps.append((kind, what, time.monotonic() - began))

    def read(self) -> None:
        """The page's words, without programs and what is folded away."""
        text = self.page.evaluate(
            "[...document.querySelectorAll('main :is(h1, h2, p, li, label)')]"
            ".filter(each => each.checkVisibility() && !each.closest('details'))"
            ".map(each => [...each.childNodes].filter(n => n.nodeName != 'PRE').map(n => n.textContent).join(' '))"
            ".join(' ')"
        )
        self.words += len(text.split())

    def count(self, kind: str) -> int:
        return sum(each == kind for each, _, _ in self.steps)

    def __str__(self) -> str:
        lines = [f"{kind:8} {seconds:6.2f} s  {what}" for kind, what, seconds in self.steps]
        total = sum(seconds for _, _, seconds in self.steps)
        counted = ", ".join(f"{self.count(kind)} × {kind}" for kind in ("open", "click", "command", "paste"))
        return "\n".join([*lines, f"{counted}; the machine took {total:.1f} s; {self.words} words to read"])


def run(command: str, folder: Path, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-ec", command], cwd=folder, env=os.environ | settings, capture_output=True, text=True, check=False
    )


def walk(page: Page, way: Walk | None = None) -> dict[str, str]:
    """From the first page to a test agency, and its settings."""
    way = way or Walk(page)
    with way.step("open", "/developers"):
        page.goto("/developers")
    page.get_by_role("heading", name="Mười phút").wait_for()
    way.read()
    with way.step("click", "Thử nghiệm"):
        follow(page.get_by_role("navigation").get_by_role("link", name="Thử nghiệm"))
    way.read()
    with way.step("click", "Tạo cơ quan thử"):
        follow(page.get_by_role("button", name="Tạo cơ quan thử"))
    way.read()
    settings = page.get_by_role("region", name="Thiết lập").inner_text()
    return dict(line.removeprefix("export ").split("=", 1) for line in settings.strip().splitlines())


def test_a_newcomer_sends_an_event_and_sees_it(page: Page, address: str, tmp_path: Path) -> None:
    way = Walk(page)
    settings = walk(page, way)
    command = page.get_by_role("region", name="Gửi", exact=True).inner_text()
    with way.step("command", "curl -O …/send.sh; sh send.sh CODE"):
        done = run(command, tmp_path, settings)
    assert '"outcome":"applied"' in done.stdout, done.stderr
    look = page.get_by_role("region", name="Xem hồ sơ", exact=True).inner_text()
    with way.step("command", "curl … /v1/dossiers"):
        seen = run(look, tmp_path, settings)
    assert "H21.99-261126-0001" in seen.stdout

    with way.step("click", "Cuộc gọi"):
        follow(page.get_by_role("listitem").get_by_role("link", name="Cuộc gọi").last)
    way.read()
    with way.step("paste", "HUB_KEY"):
        page.get_by_label("Khóa").fill(settings["HUB_KEY"])
    with way.step("click", "Xem"):
        follow(page.get_by_role("button", name="Xem"))
        page.get_by_text("Nguyễn Thị Ánh").first.wait_for()
    assert page.url == address + "/developers/calls"
    assert page.get_by_text("đã áp dụng").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    print(f"\nFrom the first page to a verified event:\n{way}")
    told = (ROOT / "docs" / "developers.md").read_text("utf-8")
    assert f"{way.count('click')} clicks, {way.count('command')} commands" in told

    follow(page.get_by_role("button", name="Quên khóa"))
    assert page.get_by_label("Khóa").input_value() == ""


def test_a_newcomer_who_signs_wrongly_is_told_what_is_wrong(page: Page, tmp_path: Path) -> None:
    settings = walk(page)
    sender = (ROOT / "examples" / "webhooks" / "send.sh").read_text("utf-8")
    body_alone = sender.replace('printf \'%s.%s.\' "$id" "$timestamp"; ', "")
    assert body_alone != sender
    (tmp_path / "send.sh").write_text(body_alone, "utf-8")
    assert "refused: 401" in run("sh send.sh H21.99-261126-0002", tmp_path, settings).stderr
    page.goto("/developers/calls")
    page.get_by_label("Khóa").fill(settings["HUB_KEY"])
    ends = time.monotonic() + _PATIENCE_MS / 1000
    while time.monotonic() < ends:
        # Refused calls are written down every few seconds.
        follow(page.get_by_role("button", name="Xem").or_(page.get_by_role("link", name="Tải lại")))
        if page.get_by_text("Chỉ ký thân").count():
            break
        page.wait_for_timeout(500)
    assert page.get_by_text("Chỉ ký thân. Hãy ký").first.is_visible()


def test_a_wrong_key_is_said_beside_the_field(page: Page) -> None:
    page.goto("/developers/calls?lang=en")
    page.get_by_label("Key").fill("ghk_wrong")
    page.keyboard.press("Enter")
    assert "not valid" in page.get_by_role("alert").inner_text()
    assert "ghk_wrong" not in page.content()


@pytest.mark.parametrize("path", PATHS)
def test_a_small_phone_shows_it_whole(browser: Browser, address: str, path: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=address)
    context.set_default_timeout(_PATIENCE_MS)
    page = context.new_page()
    requested: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    for language in ("vi", "en"):
        page.goto(f"{path}?lang={language}")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        for target in page.locator("nav a, button, summary, input[type=text]").all():
            box = target.bounding_box()
            assert box and box["height"] >= 44, target.inner_text()
    assert {url.split("?")[0] for url in requested if not url.startswith("data:")} == {address + path}
    assert not [line for line in complaints if "Content Security Policy" in line]
    context.close()


def test_the_keyboard_unfolds_a_program(page: Page) -> None:
    page.goto("/developers")
    page.locator("summary", has_text="PHP").focus()
    page.keyboard.press("Enter")
    page.get_by_role("region", name="send.php").wait_for()


@pytest.mark.skipif(not AXE.exists(), reason="needs axe-core; run npm ci --prefix tests/suite/node")
def test_nothing_keeps_anybody_from_using_a_page(browser: Browser, address: str, tmp_path: Path) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=address, bypass_csp=True)
    context.set_default_timeout(_PATIENCE_MS)
    page = context.new_page()
    wrong = {}
    for path in PATHS:
        page.goto(path)
        wrong[path] = violations(page)
    settings = walk(page)
    wrong["given"] = violations(page)
    subprocess.run(
        ["sh", str(ROOT / "examples" / "webhooks" / "send.sh"), "H21.99-261126-0009"],
        env=os.environ | settings,
        check=True,
        capture_output=True,
    )
    page.goto("/developers/calls")
    page.get_by_label("Khóa").fill(settings["HUB_KEY"])
    follow(page.get_by_role("button", name="Xem"))
    page.get_by_text("H21.99-261126-0009").first.wait_for()
    wrong["calls"] = violations(page)
    assert {path: found for path, found in wrong.items() if found} == {}, wrong
    context.close()
