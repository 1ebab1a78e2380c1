"""Webhooks in, in a real browser: found, one looked at, tried out, read again, opened for a reason."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import yaml
from fastapi import FastAPI
from playwright.sync_api import Browser

from tests.browsing import follow, looked_at, needs_chromium
from tests.hub.intake.senders import CODE, DATA, EVENT, SECRET, Sender
from tests.running import HubProcess, NewHub, kept_running
from tests.signing_in import signed_in

pytestmark = needs_chromium

NAME = "Nguyễn Thị Ánh"
SPEC = {
    "id": "ubnd-pleiku",
    "identifier": "H21.20",
    "name": {"vi": "UBND thành phố Pleiku", "en": "Pleiku city"},
    "kind": "city",
    "enabled": True,
    "statuses": {"DANG_XU_LY": "4"},
    "webhook": {"secrets": ["ubnd-pleiku-webhook"]},
}


@pytest.fixture(scope="module")
def hub(new_hub: NewHub) -> Iterator[HubProcess]:
    specs = {"ubnd-pleiku": yaml.safe_dump(SPEC, allow_unicode=True)}
    with new_hub(specs, command="api", secrets={"ubnd-pleiku-webhook": SECRET}) as made, kept_running(made):
        yield made


async def pushed(hub: HubProcess) -> None:
    async with httpx.AsyncClient(base_url=hub.url, timeout=60, trust_env=False) as client:
        sender = Sender(client, FastAPI())
        await sender.post({**EVENT, "data": {**DATA, "status": "LA", "applicant": {"name": NAME}}}, "hs-0001-1")
        listed = [{**EVENT, "id": f"e{number}", "data": {**DATA, "code": f"{CODE}-{number}"}} for number in range(3)]
        assert (await sender.post(listed, "danh-sach-1")).status_code == 202
        body = json.dumps(EVENT).encode()
        assert (await sender.post_signed(body + b" ", sender.sign(body))).status_code == 401


def test_what_came_is_found_looked_at_and_read_again(browser: Browser, hub: HubProcess) -> None:
    # In a thread: Playwright's own loop runs in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(pushed(hub))).result()
    page = signed_in(browser, hub)
    follow(page.get_by_role("link", name="Webhook đến", exact=True))
    page.get_by_role("region", name="Các sự kiện").wait_for()
    # Refused calls are kept some seconds later.
    while not page.get_by_text("bad_signature").count():
        page.reload()
    looked_at(page, "inbox-all")
    page.get_by_label("Kết quả").select_option("quarantined")
    follow(page.get_by_role("button", name="Tìm"))
    follow(page.get_by_role("button", name="Xem thử sẽ đổi gì"))
    page.get_by_text("Chưa có gì thay đổi").wait_for()
    looked_at(page, "inbox-tried")
    follow(page.get_by_role("region", name="Các sự kiện").get_by_role("link").first)
    body = page.get_by_role("region", name="Nội dung", exact=True)
    assert CODE in body.inner_text() and NAME not in body.inner_text()
    looked_at(page, "delivery-masked")
    follow(page.get_by_role("button", name="Đọc lại"))
    page.get_by_role("status").wait_for()
    page.get_by_label("Vì sao cần xem").fill("cơ quan hỏi, phiếu 7")
    follow(page.get_by_role("button", name="Xem đầy đủ"))
    page.get_by_text("Hiện đầy đủ").wait_for()
    assert NAME in page.get_by_role("region", name="Nội dung", exact=True).inner_text()
    looked_at(page, "delivery-open")
    follow(page.get_by_role("link", name="English"))
    page.get_by_role("heading", name="An event that came").wait_for()
