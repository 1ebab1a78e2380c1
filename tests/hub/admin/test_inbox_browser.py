"""Webhooks in, in a real browser: found, one looked at, tried out, read again, opened for a reason."""

import asyncio
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pyotp
import pytest
import yaml
from fastapi import FastAPI
from playwright.sync_api import Browser

from tests.browsing import launched, looked_at, needs_chromium
from tests.hub.intake.senders import CODE, DATA, EVENT, SECRET, Sender
from tests.keepers import PASSWORD, Keeper
from tests.running import HubProcess, kept_running, run_hub

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
def hub(
    new_database: Callable[[], AbstractContextManager[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HubProcess]:
    folder: Path = tmp_path_factory.mktemp("hub")
    (folder / "agencies").mkdir()
    (folder / "agencies" / "ubnd-pleiku.yaml").write_text(yaml.safe_dump(SPEC, allow_unicode=True))
    with new_database() as url:
        secrets = {"ubnd-pleiku-webhook": SECRET}
        process = HubProcess(url, folder / "data", folder / "agencies", command="api", secrets=secrets)
        with kept_running(process):
            yield process


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as opened:
        yield opened


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
    arguments = ("accounts", "invite", "an.nguyen", "--role", "admin")
    made = run_hub(*arguments, url=hub.database_url, data_dir=hub.data_dir, agencies_dir=hub.agencies_dir)
    # axe is a script, which our policy keeps out.
    page = browser.new_context(base_url=hub.url, bypass_csp=True).new_page()
    page.goto("/admin/begin")
    page.get_by_label("Mật khẩu dùng một lần").fill(made.stdout.split()[0])
    page.get_by_role("button", name="Tiếp tục").click()
    keeper = Keeper("an.nguyen", pyotp.TOTP(page.locator("code.secret").inner_text().replace(" ", "")))
    page.get_by_label("Mật khẩu mới").fill(PASSWORD)
    page.get_by_label("Gõ 6 chữ số").fill(keeper.code())
    page.get_by_role("button", name="Lưu và vào").click()
    page.get_by_role("link", name="Webhook đến", exact=True).click()
    page.get_by_role("region", name="Các sự kiện").wait_for()
    # Refused calls are kept some seconds later.
    while not page.get_by_text("bad_signature").count():
        page.reload()
    looked_at(page, "inbox-all")
    page.get_by_label("Kết quả").select_option("quarantined")
    page.get_by_role("button", name="Tìm").click()
    page.get_by_role("button", name="Xem thử sẽ đổi gì").click()
    page.get_by_text("Chưa có gì thay đổi").wait_for()
    looked_at(page, "inbox-tried")
    page.get_by_role("region", name="Các sự kiện").get_by_role("link").first.click()
    body = page.get_by_role("region", name="Nội dung", exact=True)
    assert CODE in body.inner_text() and NAME not in body.inner_text()
    looked_at(page, "delivery-masked")
    page.get_by_role("button", name="Đọc lại").click()
    page.get_by_role("status").wait_for()
    page.get_by_label("Vì sao cần xem").fill("cơ quan hỏi, phiếu 7")
    page.get_by_role("button", name="Xem đầy đủ").click()
    page.get_by_text("Hiện đầy đủ").wait_for()
    assert NAME in page.get_by_role("region", name="Nội dung", exact=True).inner_text()
    looked_at(page, "delivery-open")
    page.get_by_role("link", name="English").click()
    page.get_by_role("heading", name="An event that came").wait_for()
