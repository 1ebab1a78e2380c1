"""The admin's pages in a real browser: the first sign-in, an invitation, and what the other may do."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browsing import follow, needs_chromium, nothing_wrong, screenshot
from tests.keepers import PASSWORD
from tests.running import ROOT, HubProcess, NewHub, kept_running
from tests.signing_in import enrol, first_password

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def hub(new_hub: NewHub) -> Iterator[HubProcess]:
    with new_hub(ROOT / "config" / "agencies", command="api") as made, kept_running(made):
        yield made


def opened(browser: Browser, hub: HubProcess, width: int) -> Page:
    # axe is a script, which our policy keeps out.
    context = browser.new_context(viewport={"width": width, "height": 800}, base_url=hub.url, bypass_csp=True)
    return context.new_page()


def test_from_the_first_sign_in_to_an_operator_who_may_not_manage(browser: Browser, hub: HubProcess) -> None:
    page = opened(browser, hub, 1280)
    password = first_password(hub, "invite", "an.nguyen", "--role", "admin")
    page.goto("/admin")
    nothing_wrong(page)
    follow(page.get_by_role("link", name="Tôi có mật khẩu dùng một lần"))
    nothing_wrong(page)
    page.get_by_label("Mật khẩu dùng một lần").fill("ABCDE")
    follow(page.get_by_role("button", name="Tiếp tục"))
    nothing_wrong(page)
    page.get_by_label("Mật khẩu dùng một lần").fill(password)
    follow(page.get_by_role("button", name="Tiếp tục"))
    nothing_wrong(page)
    keeper = enrol(page)
    assert page.url.endswith("/admin")
    nothing_wrong(page)
    follow(page.get_by_role("link", name="Người quản trị", exact=True))
    page.get_by_label("Tên").fill("binh.tran")
    page.get_by_label("Vai trò").last.select_option("operator")
    page.get_by_label("Chỉ các cơ quan").last.fill("so-tnmt")
    follow(page.get_by_role("button", name="Mời"))
    nothing_wrong(page)
    invited = page.locator(".made code").inner_text()

    other = opened(browser, hub, 360)
    other.goto("/admin/begin")
    nothing_wrong(other)
    other.get_by_label("Mật khẩu dùng một lần").fill(invited)
    follow(other.get_by_role("button", name="Tiếp tục"))
    nothing_wrong(other)
    enrol(other)
    assert other.url.endswith("/admin")
    assert other.get_by_role("link", name="Người quản trị", exact=True).count() == 0
    follow(other.get_by_role("link", name="Sở Tài nguyên và Môi trường"))
    nothing_wrong(other)
    follow(other.get_by_role("button", name=re.compile("Tạm dừng.*Đọc thay đổi")))
    other.get_by_text("Đã tạm dừng.").wait_for()
    nothing_wrong(other)
    for path in ("/admin/people", "/admin/agencies/ubnd-pleiku"):
        other.goto(path)
        assert "Bạn không có quyền" in other.content()
    nothing_wrong(other)

    page.goto("/admin/audit")
    nothing_wrong(page)
    page.goto("/admin/people")
    nothing_wrong(page)
    page.goto("/admin/secrets")
    nothing_wrong(page)
    for name in ("quality", "wall"):
        page.goto(f"/admin/{name}")
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            nothing_wrong(page)
            screenshot(page, f"{name}-{width}")
    page.goto("/admin")
    follow(page.get_by_role("link", name="Cảnh báo"))
    page.get_by_label("Thêm người nhận").fill("truc@gialai.example")
    follow(page.get_by_role("button", name="Thêm"))
    page.get_by_label("Vì sao").fill("bảo trì")
    follow(page.get_by_role("button", name="Tạm im"))
    page.get_by_text("Đã tạm im.").wait_for()
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        nothing_wrong(page)
        screenshot(page, f"alerts-{width}")
    follow(page.get_by_role("link", name="Khóa API"))
    page.get_by_label("Tên", exact=True).fill("cong-dich-vu")
    page.get_by_label("dossiers:read").check()
    page.get_by_label("Chỉ các cơ quan").fill("so-ma")
    follow(page.get_by_role("button", name="Tạo khóa"))
    page.get_by_text("Có cơ quan không tồn tại").wait_for()
    nothing_wrong(page)
    assert page.get_by_label("dossiers:read").is_checked(), "what was right need not be typed again"
    page.get_by_label("Chỉ các cơ quan").fill("so-tnmt")
    follow(page.get_by_role("button", name="Tạo khóa"))
    assert page.locator("code.secret").inner_text().startswith("ghk_")
    page.get_by_text("chưa dùng lần nào").focus()
    page.keyboard.press("Enter")
    nothing_wrong(page)
    screenshot(page, "keys-made")
    follow(page.get_by_role("button", name="Thay bằng khóa mới"))
    page.get_by_text("đã được thay, còn dùng được").click()
    for name in ("keys", "secrets"):
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 800})
            nothing_wrong(page)
            screenshot(page, f"{name}-{width}")
        page.goto("/admin/secrets")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/admin/people")
    other.goto("/admin")
    follow(page.locator("li", has_text=re.compile("binh.tran")).get_by_role("button", name="Chấm dứt"))
    other.goto("/admin")
    assert other.url.endswith("/admin/sign-in")

    follow(page.get_by_role("button", name="Thoát"))
    page.get_by_label("Tên").fill("an.nguyen")
    page.get_by_label("Mật khẩu", exact=True).fill(PASSWORD)
    follow(page.get_by_role("button", name="Tiếp tục"))
    nothing_wrong(page)
    page.get_by_label("Mã 6 chữ số").fill(keeper.code(later=1))
    follow(page.get_by_role("button", name="Đăng nhập"))
    assert page.url.endswith("/admin")
