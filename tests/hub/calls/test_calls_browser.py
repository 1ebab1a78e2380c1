"""Calls in a real browser: a dossier's are searched for, one is looked at, and opened for a reason."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
from playwright.sync_api import Browser

from config.secrets import digest_key_file, seal_key_file
from hub.calls.recorder import DatabaseCallRecorder
from hub.db import Database
from hub.vault import Vault
from tests.browsing import looked_at, needs_chromium
from tests.keepers import PASSWORD, Keeper
from tests.parts import call_record
from tests.running import ROOT, HubProcess, NewHub, kept_running, run_hub

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
    page.get_by_role("link", name="Cuộc gọi", exact=True).click()
    looked_at(page, "calls-all")
    page.get_by_label("Mã hồ sơ").fill(CODE.lower().replace("-", " "))
    page.keyboard.press("Enter")
    page.get_by_text("Tìm trong mọi cuộc gọi").wait_for()
    looked_at(page, "calls-found")
    page.get_by_role("region", name="Các cuộc gọi").get_by_role("link").first.click()
    answer = page.get_by_role("region", name="Đã trả lời")
    assert CODE in answer.inner_text()
    assert '\n          "TrangThai": "Đang xử lý",\n' in answer.inner_text(), "indented"
    assert "Đức" not in page.content()
    looked_at(page, "call-masked")
    page.get_by_label("Vì sao cần xem").fill("phiếu 123")
    page.get_by_role("button", name="Xem đầy đủ").click()
    page.get_by_text("Hiện đầy đủ").wait_for()
    assert "Nguyễn Văn Đức" in answer.inner_text()
    looked_at(page, "call-opened")
    page.goto("/admin/audit")
    assert "phiếu 123" in page.content()
