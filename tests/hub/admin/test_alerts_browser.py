"""An alert in a real browser, on a hub that runs: an agency's system is down, the alert is seen and silenced; the
system comes up, and it is over without anybody's doing."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import asyncpg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browsing import follow, looked_at, needs_chromium
from tests.running import HubProcess, NewHub, free_port, kept_running
from tests.signing_in import signed_in

pytestmark = needs_chromium

PORT = free_port()
SPEC = f"""\
# Sở Xây dựng is pulled.
id: so-xd
identifier: H21.03
name: {{vi: Sở Xây dựng, en: Department of Construction}}
kind: department
enabled: true
statuses: {{MOI: "1"}}
system: {{kind: rest, address: "http://127.0.0.1:{PORT}", private: true, limits: {{attempts: 1}}}}
operations: {{changes: {{request: {{path: /}}, pages: {{kind: single}}}}}}
mapping: {{code: ma, occurred_at: {{path: luc, convert: date, formats: [iso]}}, facts: {{}}}}
sync: {{every_seconds: 1, margin_seconds: 0}}
"""
#: As if all waiting of agencies and alerts were over.
_HURRY = """
    UPDATE alert SET since = since - interval '10 minutes', clear_since = clear_since - interval '10 minutes';
    UPDATE stream SET next_due_at = now();
    UPDATE gate SET open_until = now() WHERE open_until > now();
"""


class _Nothing(BaseHTTPRequestHandler):
    """There is nothing new."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def agency_up() -> Iterator[None]:
    server = HTTPServer(("127.0.0.1", PORT), _Nothing)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


@pytest.fixture(scope="module")
def hub(new_hub: NewHub) -> Iterator[HubProcess]:
    with new_hub({"so-xd": SPEC}) as made, kept_running(made):
        yield made


def hurry(hub: HubProcess) -> None:
    async def execute() -> None:
        connection = await asyncpg.connect(hub.database_url)
        try:
            await connection.execute(_HURRY)
        finally:
            await connection.close()

    # Playwright keeps a loop in this thread.
    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, execute()).result()


def until(page: Page, hub: HubProcess, path: str, shown: Callable[[], bool]) -> None:
    """Load the page anew until it shows what is to come."""
    for _ in range(120):
        page.goto(path)
        if shown():
            return
        hurry(hub)
        time.sleep(0.5)
    raise AssertionError(page.locator("main").inner_text())


def section(page: Page, heading: str) -> str:
    found = page.locator("section", has=page.get_by_role("heading", name=heading, exact=True))
    return found.inner_text() if found.count() else ""


#: All that are there without a spec that is being written.
PAGES = (
    *("", "/wall", "/alerts", "/agencies/so-xd", "/agencies/so-xd/versions", "/quarantine", "/calls", "/quality"),
    *("/secrets", "/keys", "/people", "/audit"),
)


def nothing_is_kept_out(browser: Browser, hub: HubProcess, page: Page) -> None:
    """Of what the pages need: with the policy as it is, the browser complains of nothing and styles are at work."""
    said: list[str] = []
    strict = browser.new_context(base_url=hub.url, storage_state=page.context.storage_state()).new_page()
    strict.on("console", lambda message: said.append(f"{strict.url}: {message.text}"))
    strict.on("pageerror", lambda error: said.append(f"{strict.url}: {error}"))
    for path in PAGES:
        answer = strict.goto(f"/admin{path}")
        assert answer and answer.status == 200, path
        assert strict.evaluate("document.styleSheets.length") >= 2, path
    assert said == []


def test_an_alert_opens_is_silenced_and_is_over_by_itself(browser: Browser, hub: HubProcess) -> None:
    page = signed_in(browser, hub)

    down = "Sở Xây dựng: hệ thống không trả lời"
    until(page, hub, "/admin", lambda: down in section(page, "Cần người xử lý"))
    looked_at(page, "alert-needs")
    follow(page.get_by_role("link", name="Cảnh báo"))
    assert down in section(page, "Đang mở")
    looked_at(page, "alert-open")

    # With the keyboard alone.
    page.get_by_label("Cơ quan").focus()
    page.keyboard.type("Sở Xây")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("đã báo Sở, đang sửa máy chủ")
    page.keyboard.press("Enter")
    page.get_by_text("Đã tạm im.").wait_for()
    assert "đang tạm im" in section(page, "Đang mở")
    assert "so-xd, mọi loại" in section(page, "Tạm im")
    looked_at(page, "alert-silenced")
    page.goto("/admin")
    assert down not in section(page, "Cần người xử lý"), "who has seen to it is not asked again"

    with agency_up():
        until(page, hub, "/admin/alerts", lambda: down in section(page, "Đã hết"))
    assert "Không có cảnh báo nào." in section(page, "Đang mở")
    looked_at(page, "alert-over")
    page.get_by_role("button", name="Thôi im").press("Enter")
    page.get_by_text("Đã thôi im.").wait_for()
    expect(page.get_by_text("Không có gì đang tạm im.")).to_be_visible()
    page.goto("/admin/audit")
    for action in ("alert.silenced", "alert.silence_ended"):
        expect(page.get_by_role("cell", name=action)).to_be_visible()
    nothing_is_kept_out(browser, hub, page)
