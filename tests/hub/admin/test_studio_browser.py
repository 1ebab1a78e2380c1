"""The studio in a real browser: from an empty hub to the estate's SOAP department, its dossiers found by citizens."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browsing import launched, needs_chromium
from tests.estate.client import Estate, running_estate
from tests.hub.admin.test_admin_browser import enrol, first_password
from tests.hub.admin.test_repair_browser import looked_at
from tests.running import HubProcess, kept_running

pytestmark = needs_chromium

#: The issue's: beyond typing, and choosing what each of the agency's words means.
MOST_CLICKS = 12


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as opened:
        yield opened


@contextmanager
def kept_estate() -> Iterator[tuple[Estate, Callable[[], str]]]:
    """The estate, and what tells a code of its SOAP department."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    context = running_estate(size=40, pace=0)
    estate = asyncio.run_coroutine_threadsafe(context.__aenter__(), loop).result()

    def code() -> str:
        items = asyncio.run_coroutine_threadsafe(estate.state("so-tnmt"), loop).result()
        return str(items[-1]["code"])

    try:
        yield estate, code
    finally:
        asyncio.run_coroutine_threadsafe(context.__aexit__(None, None, None), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def test_a_soap_department_is_added_from_nothing(
    browser: Browser,
    new_database: Callable[[], AbstractContextManager[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("hub")
    (folder / "agencies").mkdir()
    clicks = 0

    def click(what: Locator) -> None:
        nonlocal clicks
        clicks += 1
        what.click()

    with new_database() as url, kept_estate() as (estate, code):
        hub = HubProcess(url, folder / "data", folder / "agencies")
        with kept_running(hub):
            page = browser.new_context(base_url=hub.url, bypass_csp=True).new_page()
            page.goto("/admin/begin")
            page.get_by_label("Mật khẩu dùng một lần").fill(
                first_password(hub, "invite", "an.nguyen", "--role", "admin")
            )
            page.get_by_role("button", name="Tiếp tục").click()
            enrol(page)

            click(page.get_by_role("link", name="Thêm cơ quan"))
            looked_at(page, "studio")
            page.get_by_label("Mã cơ quan").fill("so-tnmt")
            page.get_by_label("Tên").fill("Sở Tài nguyên và Môi trường")
            page.get_by_label("Địa chỉ WSDL").fill(f"{estate.addresses['so-tnmt']}/DichVuHoSo.asmx?wsdl")
            click(page.get_by_label("Nằm trong mạng riêng"))
            click(page.get_by_role("button", name="Đọc và viết nháp"))
            expect(page.get_by_role("heading", name="Đây là bản nháp")).to_be_visible()
            looked_at(page, "draft")

            page.get_by_label("so-tnmt-khoa").fill(estate.secrets["so-tnmt-khoa"])
            click(page.get_by_role("button", name="Hỏi cơ quan"))
            expect(page.get_by_role("heading", name="Từ trạng thái chưa có nghĩa")).to_be_visible()
            looked_at(page, "trial")
            meanings = {"Chờ bổ sung": "5", "Đã có kết quả": "9", "Chờ thực hiện nghĩa vụ tài chính": "6"}
            for word, status in meanings.items():
                if page.get_by_label(f"“{word}”").count():
                    page.get_by_label(f"“{word}”").select_option(status)
            click(page.get_by_role("button", name="Dùng các nghĩa này, thử lại"))
            expect(page.get_by_text("It works:")).to_be_visible()
            assert estate.secrets["so-tnmt-khoa"] not in page.content()

            # A value is mapped by a click.
            page.get_by_label("Thành trường").select_option("procedure_name")
            click(page.get_by_role("button", name="TenThuTuc"))
            assert "procedure_name: TenThuTuc" in page.get_by_label("YAML").input_value()
            looked_at(page, "mapped")

            click(page.get_by_role("button", name="Chạy thử một ngày"))
            expect(page.get_by_role("heading", name="Chạy thử một ngày qua")).to_be_visible()
            looked_at(page, "dry-run")
            page.get_by_label("Vì sao").fill("nối lần đầu")
            click(page.get_by_role("button", name="Xuất bản"))
            expect(page.get_by_text("Bản 1 đang dùng, ở mọi")).to_be_visible()

            for _ in range(120):
                page.goto(f"/?code={code()}")
                if page.get_by_text("Sở Tài nguyên và Môi trường").count():
                    break
                time.sleep(0.5)
            expect(page.get_by_text("Sở Tài nguyên và Môi trường").first).to_be_visible()
    print(f"clicks beyond typing: {clicks}")
    assert clicks < MOST_CLICKS
