"""Calls in a real browser: a dossier's are searched for, one is looked at, and opened for a reason."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Browser

from config.secrets import digest_key_file, seal_key_file
from hub.calls.recorder import DatabaseCallRecorder
from hub.db import Database
from hub.vault import Vault
from tests.browsing import follow, looked_at, needs_chromium
from tests.parts import call_record
from tests.running import ROOT, HubProcess, NewHub, kept_running
from tests.signing_in import signed_in

pytestmark = needs_chromium

CODE = "H21.09-261126-0001"
RESPONSE = f"""\
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><TraCuuHoSoResponse><TraCuuHoSoResult>
<MaHoSo>{CODE}</MaHoSo><TrangThai>Đang xử lý</TrangThai><NguoiNop>Nguyễn Văn Đức</NguoiNop>
</TraCuuHoSoResult></TraCuuHoSoResponse></s:Body></s:Envelope>"""


@pytest.fixture(scope="module")
def hub(new_hub: NewHub) -> Iterator[HubProcess]:
    with new_hub(ROOT / "config" / "agencies", command="api") as made, kept_running(made):
        yield made


async def call_made(hub: HubProcess) -> None:
    vault = Vault(seal_keys=seal_key_file(hub.data_dir), digest_key=digest_key_file(hub.data_dir))
    database = await Database.open(hub.database_url)
    record = call_record(agency="so-tnmt", request=b"<a/>", response=RESPONSE.encode(), about=CODE)
    try:
        await DatabaseCallRecorder(database, vault)(record)
    finally:
        await database.close()


def test_a_call_is_searched_for_looked_at_and_opened(browser: Browser, hub: HubProcess) -> None:
    # In a thread: Playwright's own loop runs in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(call_made(hub))).result()
    page = signed_in(browser, hub)
    follow(page.get_by_role("link", name="Cuộc gọi", exact=True))
    looked_at(page, "calls-all")
    page.get_by_label("Mã hồ sơ").fill(CODE.lower().replace("-", " "))
    page.keyboard.press("Enter")
    page.get_by_text("Tìm trong mọi cuộc gọi").wait_for()
    looked_at(page, "calls-found")
    follow(page.get_by_role("region", name="Các cuộc gọi").get_by_role("link").first)
    answer = page.get_by_role("region", name="Đã trả lời")
    assert CODE in answer.inner_text()
    assert '\n          "TrangThai": "Đang xử lý",\n' in answer.inner_text(), "indented"
    assert "Đức" not in page.content()
    looked_at(page, "call-masked")
    page.get_by_label("Vì sao cần xem").fill("phiếu 123")
    follow(page.get_by_role("button", name="Xem đầy đủ"))
    page.get_by_text("Hiện đầy đủ").wait_for()
    assert "Nguyễn Văn Đức" in answer.inner_text()
    looked_at(page, "call-opened")
    page.goto("/admin/audit")
    assert "phiếu 123" in page.content()
