"""What the console is for, as one story in a real browser, from an empty hub: the first sign-in, the estate's SOAP
department added through the studio, a status word that breaks there and is mended in the quarantine, an
operator who reaches no other agency, a bad version rolled back. And every page is looked at."""

import asyncio
import re
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from config.settings import Settings
from contracts.subscription import SubscriptionRequest
from hub.access.scopes import Scope
from hub.main import create_api, open_hub
from hub.specs.specs import Way
from tests.browsing import follow, looked_at, needs_chromium
from tests.estate.client import Estate, running_estate
from tests.hub.admin.test_admin_rules import routes
from tests.keepers import PASSWORD, Keeper
from tests.parts import deliver, pushing_spec
from tests.running import HubProcess, NewHub, kept_running
from tests.signing_in import enrol, first_password

pytestmark = needs_chromium

#: The issue's, beyond typing.
MOST_CLICKS = 12
AGENCY = "so-tnmt"
NAME = "Sở Tài nguyên và Môi trường"
WORD = "Chờ xác minh thực địa"

T = TypeVar("T")


@dataclass
class KeptEstate:
    """The estate, for a test that is not asynchronous."""

    estate: Estate
    _loop: asyncio.AbstractEventLoop

    def do(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result()

    def code(self) -> str:
        """Of a dossier that the SOAP department has."""
        return str(self.do(self.estate.state(AGENCY))[-1]["code"])

    def break_a_word(self) -> None:
        """An officer adds a status to the system's list, and something happens there."""
        self.do(self.estate.fault(AGENCY, "unknown_status"))
        self.do(self.estate.move(AGENCY))


@contextmanager
def kept_estate() -> Iterator[KeptEstate]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    context = running_estate(size=40, pace=0)
    try:
        yield KeptEstate(asyncio.run_coroutine_threadsafe(context.__aenter__(), loop).result(), loop)
    finally:
        asyncio.run_coroutine_threadsafe(context.__aexit__(None, None, None), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


@pytest.fixture
def hub(new_hub: NewHub) -> Iterator[HubProcess]:
    """Empty: nobody keeps it, and it knows no agency."""
    with new_hub({}) as made, kept_running(made):
        yield made


@dataclass
class Stopwatch:
    clicks: int = 0

    def click(self, what: Locator) -> None:
        self.clicks += 1
        what.click()

    def follow(self, what: Locator) -> None:
        self.clicks += 1
        follow(what)


def opened(browser: Browser, hub: HubProcess) -> Page:
    # axe is a script, which our policy keeps out.
    return browser.new_context(base_url=hub.url, bypass_csp=True).new_page()


def test_the_console_from_an_empty_hub(browser: Browser, hub: HubProcess) -> None:
    page = opened(browser, hub)
    keeper = first_sign_in(page, hub)
    with kept_estate() as agencies:
        add_the_department(page, agencies)
        citizens_find(page, agencies.code())
        break_and_mend_a_word(page, agencies)
        add_one_that_pushes(page)
        operator_reaches_no_other(page, opened(browser, hub))
        sign_in_again(page, keeper)
        publish_a_bad_version(page, agencies)
        every_page(page, opened(browser, hub), hub)
        roll_back(page)


def first_sign_in(page: Page, hub: HubProcess) -> Keeper:
    password = first_password(hub, "invite", "an.nguyen", "--role", "admin")
    page.goto("/admin")
    expect(page).to_have_url(re.compile("/admin/sign-in$"))
    follow(page.get_by_role("link", name="Tôi có mật khẩu dùng một lần"))
    page.get_by_label("Mật khẩu dùng một lần").fill(password)
    follow(page.get_by_role("button", name="Tiếp tục"))
    looked_at(page, "enrol")
    keeper = enrol(page)
    expect(page).to_have_url(re.compile("/admin$"))
    looked_at(page, "overview-empty")
    return keeper


def add_the_department(page: Page, agencies: KeptEstate) -> None:
    watch = Stopwatch()
    secrets = agencies.estate.secrets
    watch.follow(page.get_by_role("link", name="Thêm cơ quan"))
    looked_at(page, "studio-empty")
    page.get_by_label("Mã cơ quan").fill(AGENCY)
    page.get_by_label("Tên", exact=True).fill(NAME)
    page.get_by_label("Địa chỉ WSDL").fill(f"{agencies.estate.addresses[AGENCY]}/DichVuHoSo.asmx?wsdl")
    watch.click(page.get_by_label("Nằm trong mạng riêng"))
    watch.follow(page.get_by_role("button", name="Đọc và viết nháp"))
    expect(page.get_by_label("Tra cứu một hồ sơ")).to_have_value("TraCuuHoSo")
    looked_at(page, "operations")
    watch.follow(page.get_by_role("button", name="Tiếp: thử và ánh xạ"))

    looked_at(page, "untried")
    page.get_by_label("so-tnmt-khoa").fill(secrets["so-tnmt-khoa"])
    page.get_by_label("Mã hồ sơ có thật").fill(agencies.code())
    watch.follow(page.get_by_role("button", name="Hỏi cơ quan"))
    expect(page.get_by_text("Tra cứu được")).to_be_visible()
    expect(page.get_by_text("Liệt kê được")).to_be_visible()
    assert secrets["so-tnmt-khoa"] not in page.content()
    # All is guessed here. What is not takes two clicks each: the fact, and its value.
    before = watch.clicks
    watch.click(page.get_by_label("Tên thủ tục"))
    watch.follow(page.get_by_role("button", name="TenThuTuc"))
    by_hand, watch.clicks = watch.clicks - before, before
    expect(page.locator("li", has=page.get_by_label("Tên thủ tục")).get_by_text("← TenThuTuc")).to_be_visible()
    looked_at(page, "trial")

    watch.follow(page.get_by_role("link", name="Tiếp: trạng thái"))
    looked_at(page, "statuses")
    guessed = page.locator("main select").evaluate_all("all => all.map(each => each.value)")
    assert guessed
    assert "-" not in guessed
    watch.follow(page.get_by_role("button", name="Lưu, tiếp"))
    expect(page.get_by_label("Bao nhiêu phút đọc một lần")).to_have_value("5")
    looked_at(page, "schedule")
    watch.follow(page.get_by_role("button", name="Lưu, tiếp"))

    watch.follow(page.get_by_role("button", name="Chạy thử một ngày"))
    expect(page.get_by_role("heading", name="Chạy thử một ngày qua")).to_be_visible()
    looked_at(page, "publish")
    page.get_by_label("Vì sao").fill("nối lần đầu")
    watch.follow(page.get_by_role("button", name="Xuất bản"))
    expect(page.get_by_text("Bản 1 đang dùng, ở mọi")).to_be_visible()
    print(f"clicks beyond typing: {watch.clicks}; for a value that is mapped by hand {by_hand} more")
    assert watch.clicks < MOST_CLICKS


def until(page: Page, address: str, seen: Locator) -> None:
    """Workers do it, some moments later."""
    for _ in range(240):
        page.goto(address)
        if seen.count():
            break
        time.sleep(0.5)
    expect(seen.first).to_be_visible()


def citizens_find(page: Page, code: str) -> None:
    until(page, f"/?code={code}", page.get_by_text(NAME))


def quarantined(page: Page) -> None:
    """The department is read now, and the word is in quarantine."""
    page.goto(f"/admin/agencies/{AGENCY}")
    follow(page.get_by_role("button", name=re.compile("Chạy ngay.*Đọc thay đổi")))
    until(page, "/admin/quarantine", page.get_by_role("link", name=re.compile("so-tnmt")))


def break_and_mend_a_word(page: Page, agencies: KeptEstate) -> None:
    agencies.break_a_word()
    quarantined(page)
    follow(page.get_by_role("link", name=WORD))
    page.get_by_label("nghĩa là").select_option("4")
    follow(page.get_by_role("button", name="Xem thử"))
    expect(page.get_by_text("sẽ hiểu trọn")).to_be_visible()
    looked_at(page, "cause-tried")
    follow(page.get_by_role("button", name="Dùng và đọc lại"))
    expect(page.get_by_text("Bản mới đang dùng.")).to_be_visible()
    until(page, "/admin/quarantine", page.get_by_text("Không có gì đang cách ly."))
    page.goto(f"/admin/agencies/{AGENCY}/versions")
    expect(page.get_by_role("heading", name="Bản 2 đang dùng")).to_be_visible()
    agencies.do(agencies.estate.fault(AGENCY, None))


def publish_a_bad_version(page: Page, agencies: KeptEstate) -> None:
    """Somebody throws the word away, which the department goes on to use."""
    page.goto(f"/admin/agencies/{AGENCY}/spec")
    text = page.get_by_label("YAML").input_value()
    page.get_by_label("YAML").fill(re.sub(f"\n *{WORD}:.*", "", text))
    page.get_by_label("Vì sao").fill("từ này không còn dùng")
    follow(page.get_by_role("button", name="Xuất bản"))
    expect(page.get_by_text("Bản 3 đang dùng, ở mọi")).to_be_visible()
    agencies.break_a_word()
    quarantined(page)


def roll_back(page: Page) -> None:
    page.goto(f"/admin/agencies/{AGENCY}")
    follow(page.get_by_role("link", name="Các bản mô tả"))
    section = page.locator("section", has=page.get_by_role("heading", name="Bản 2"))
    section.get_by_text("Quay lại bản này").click()
    section.get_by_label("Vì sao").fill("từ này còn dùng")
    follow(section.get_by_role("button", name="Dùng lại bản 2"))
    expect(page.get_by_text("Bản 4 đang dùng, ở mọi")).to_be_visible()
    until(page, "/admin/quarantine", page.get_by_text("Không có gì đang cách ly."))


def add_one_that_pushes(page: Page) -> None:
    page.goto("/admin/studio")
    page.get_by_label("Mã cơ quan").fill("so-xd")
    page.get_by_label("Tên", exact=True).fill("Sở Xây dựng")
    follow(page.get_by_role("button", name="Đọc và viết nháp"))
    looked_at(page, "spec-new")
    page.get_by_label("Vì sao").fill("có trước khi nối")
    follow(page.get_by_role("button", name="Xuất bản"))
    expect(page.get_by_text("Bản 1 đang dùng, ở mọi")).to_be_visible()


def operator_reaches_no_other(page: Page, other: Page) -> None:
    page.goto("/admin/people")
    page.get_by_label("Tên").fill("binh.tran")
    page.get_by_label("Vai trò").last.select_option("operator")
    page.get_by_label("Chỉ các cơ quan").last.fill("so-xd")
    follow(page.get_by_role("button", name="Mời"))
    invited = page.locator(".made code").inner_text()
    looked_at(page, "invited")
    other.goto("/admin/begin")
    other.get_by_label("Mật khẩu dùng một lần").fill(invited)
    follow(other.get_by_role("button", name="Tiếp tục"))
    enrol(other)
    other.get_by_text("1 cơ quan").click()
    expect(other.get_by_role("link", name="Sở Xây dựng")).to_be_visible()
    assert NAME not in other.content()
    for path in ("", "/spec", "/versions"):
        assert other.goto(f"/admin/agencies/so-xd{path}").ok, path  # type: ignore[union-attr]
    of_others = ("", "/spec", "/versions", "/quarantine/1", "/calls/1")
    beyond = ("/admin/people", "/admin/secrets", "/admin/keys", "/admin/audit", "/admin/studio")
    for path in (*beyond, "/admin/studio/so-tnmt/trial", *(f"/admin/agencies/{AGENCY}{each}" for each in of_others)):
        answer = other.goto(path)
        assert answer is not None and answer.status == 403, path
        expect(other.get_by_text("Bạn không có quyền")).to_be_visible()
        assert NAME not in other.content(), path
    looked_at(other, "refused")
    for path in ("/admin/calls", "/admin/quarantine", "/admin/alerts"):
        other.goto(path)
        assert AGENCY not in other.locator("main").inner_text(), path


def sign_in_again(page: Page, keeper: Keeper) -> None:
    follow(page.get_by_role("button", name="Thoát"))
    page.get_by_label("Tên").fill("an.nguyen")
    page.get_by_label("Mật khẩu", exact=True).fill(PASSWORD)
    follow(page.get_by_role("button", name="Tiếp tục"))
    looked_at(page, "code")
    page.get_by_label("Mã 6 chữ số").fill(keeper.code(later=1))
    follow(page.get_by_role("button", name="Đăng nhập"))
    expect(page).to_have_url(re.compile("/admin$"))


#: Shown by no address alone: whoever is not on the way in is sent to where it begins.
ON_THE_WAY = {"/admin/code"}
PUSHES = "so-xd"
PUSHED = f"""\
id: {PUSHES}
identifier: H21.03
name: {{vi: Sở Xây dựng, en: Department of Construction}}
kind: department
enabled: true
statuses: {{MOI: "1"}}
webhook: {{secrets: [so-xd-webhook]}}
"""
#: Saved, and not shown.
FILES = {"/admin/audit/export"}
#: For who is not in.
OUTSIDE = {"/admin/sign-in", "/admin/begin"}


async def paths_of(hub: HubProcess) -> set[str]:
    """Every page of the console, with something to look at on each: what somebody pushes, and who is told, too."""
    settings = Settings(data_dir=hub.data_dir, agencies_dir=hub.agencies_dir)
    async with open_hub(settings, hub.database_url) as opened:
        await opened.specs.specs.publish(PUSHES, PUSHED, author="an", reason="nối", way=Way.API, based_on=1)
        await deliver(opened.database, opened.vault, pushing_spec(PUSHES), "msg_1", type="fee.paid")
        wanted = SubscriptionRequest(address="https://127.0.0.1:9/", name="một cửa", agencies=[PUSHES])
        await opened.keys.create("cong", scopes=[Scope.WEBHOOKS_MANAGE], actor="test")
        made, _ = await opened.subscriptions.make("cong", wanted, actor="test")
        # Which nobody answers.
        await opened.subscriptions.test(int(made.id), None, opened.webhooks, actor="test")
        found = set(routes(create_api(opened).routes))
    return {path for method, path in found if method == "GET" and path.startswith("/admin")}


@dataclass
class Tour:
    """Every page is looked at, found by what the hub routes: one that is added is looked at, too."""

    page: Page
    #: All links that were met.
    links: set[str] = field(default_factory=set)

    def look(self, path: str, template: str) -> None:
        answer = self.page.goto(path)
        assert answer is not None and answer.status == 200, (path, answer and answer.status)
        assert self.page.url.endswith(path), (path, "leads elsewhere", self.page.url)
        looked_at(self.page, "page" + re.sub(r"[^a-z]+", "-", template))
        self.links |= set(self.page.locator("a[href]").evaluate_all("all => all.map(a => a.getAttribute('href'))"))

    def address(self, template: str) -> str | None:
        """Of a page: its own, or of one about something where a page that was looked at leads to it."""
        if "{" not in template:
            return template
        for agency in (AGENCY, PUSHES):
            pattern = re.compile(re.sub(r"\\{\w+\\}", "[^/?#]+", re.escape(template.replace("{agency}", agency))))
            if found := next((link for link in sorted(self.links) if pattern.fullmatch(link)), None):
                return found
        return None

    def look_at_all(self, templates: set[str]) -> None:
        """One after the other as they are met."""
        left = set(templates)
        while found := sorted(each for each in left if self.address(each)):
            self.look(str(self.address(found[0])), found[0])
            left.remove(found[0])
        assert left == set(), "no page leads there, or there is nothing to show on it"


def every_page(page: Page, stranger: Page, hub: HubProcess) -> None:
    # In a thread: Playwright's own loop runs in this one.
    with ThreadPoolExecutor(1) as thread:
        paths = thread.submit(lambda: asyncio.run(paths_of(hub))).result()
    assert len(paths) > 20, "they are looked for in the right way"
    until(page, "/admin/inbox", page.get_by_text("msg_1"))
    Tour(stranger).look_at_all(paths & OUTSIDE)
    Tour(page).look_at_all(paths - OUTSIDE - ON_THE_WAY - FILES)
    page.goto("/admin/audit")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Tải về tất cả").click()
    assert saved.value.suggested_filename == "audit.ndjson"
    assert saved.value.path().read_text().startswith('{"line":1,')
