"""The way in through an identity provider in a real browser, to which the provider is another site than the hub."""

from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from hub.access.provider import SECRET
from tests.browsing import follow, looked_at, needs_chromium
from tests.identity import identity_provider
from tests.running import ROOT, HubProcess, NewHub, kept_running
from tests.signing_in import begin, first_password

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def hub(new_hub: NewHub) -> Iterator[HubProcess]:
    with (
        new_hub(ROOT / "config" / "agencies", command="api") as process,
        identity_provider(f"{process.url}/admin/oidc/back") as there,
    ):
        process.secrets = {SECRET: there.secret}
        process.settings = {
            "HUB_OIDC_ISSUER": there.issuer,
            "HUB_OIDC_CLIENT_ID": there.client_id,
            "HUB_OIDC_NAME": "tài khoản công vụ",
            "HUB_OIDC_PRIVATE": "true",
        }
        with kept_running(process):
            yield process


def begun(page: Page, hub: HubProcess, name: str) -> None:
    """With a one-time password from the hub's terminal, at the choice of how to come in from now on."""
    begin(page, first_password(hub, "invite", name, "--role", "viewer"))
    page.get_by_role("link", name="Từ nay vào bằng tài khoản công vụ").wait_for()


def signed_in_there(page: Page, login: str, factors: str = "mfa") -> None:
    page.get_by_label("Login").fill(login)
    page.get_by_label("Factors").select_option(factors)
    follow(page.get_by_role("button", name="Sign in"))


def test_in_and_out_and_in_again_under_our_own_policy(browser: Browser, hub: HubProcess) -> None:
    context = browser.new_context(base_url=hub.url)
    page = context.new_page()
    begun(page, hub, "an.nguyen")
    page.keyboard.press("Tab")
    page.get_by_role("link", name="Từ nay vào bằng tài khoản công vụ").focus()
    page.keyboard.press("Enter")
    signed_in_there(page, "an")
    expect(page).to_have_url(f"{hub.url}/admin")
    follow(page.get_by_role("button", name="Thoát"))
    follow(page.get_by_role("link", name="Đăng nhập bằng tài khoản công vụ"))
    # There they are still known, and nobody asks again.
    expect(page).to_have_url(f"{hub.url}/admin")
    cookies = {each["name"]: each for each in context.cookies(f"{hub.url}/admin")}
    assert cookies["hub_admin"]["sameSite"] == "Strict"
    assert "hub_oidc" not in cookies
    # Going back does not come in a second time, nor out.
    page.go_back()
    page.goto("/admin")
    expect(page).to_have_url(f"{hub.url}/admin")
    context.close()


def test_each_page_on_the_way(browser: Browser, hub: HubProcess) -> None:
    # axe is a script, which our policy keeps out.
    context = browser.new_context(base_url=hub.url, bypass_csp=True)
    page = context.new_page()
    begun(page, hub, "binh.tran")
    looked_at(page, "oidc-begin")
    follow(page.get_by_role("link", name="Từ nay vào bằng tài khoản công vụ"))
    signed_in_there(page, "binh", factors="")
    page.get_by_role("heading", name="Tạo cách đăng nhập của bạn").wait_for()
    assert page.get_by_label("Mật khẩu mới").count() == 0
    looked_at(page, "oidc-second-factor")
    totp = pyotp.TOTP(page.locator("code.secret").inner_text().replace(" ", ""))
    page.get_by_label("Gõ 6 chữ số").fill(totp.now())
    follow(page.get_by_role("button", name="Lưu và vào"))
    expect(page).to_have_url(f"{hub.url}/admin")
    follow(page.get_by_role("button", name="Thoát"))
    page.get_by_role("link", name="Đăng nhập bằng tài khoản công vụ").wait_for()
    looked_at(page, "oidc-sign-in")
    context.clear_cookies()
    page.goto("/admin/sign-in")
    follow(page.get_by_role("link", name="Đăng nhập bằng tài khoản công vụ"))
    signed_in_there(page, "chi")
    page.get_by_role("heading", name="Chưa có tài khoản nào ở đây cho bạn").wait_for()
    looked_at(page, "oidc-stranger")
    context.close()
