"""The first sign-in to the console in a real browser, by a one-time password from the hub's terminal."""

import pyotp
from playwright.sync_api import Browser, Page

from tests.browsing import follow
from tests.keepers import PASSWORD, Keeper
from tests.running import HubProcess, run_hub


def first_password(hub: HubProcess, *arguments: str) -> str:
    """As whoever is at the hub's terminal makes it."""
    done = run_hub("accounts", *arguments, url=hub.database_url, data_dir=hub.data_dir, agencies_dir=hub.agencies_dir)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[0]


def begin(page: Page, password: str) -> None:
    """At the choice of how to come in from now on."""
    page.goto("/admin/begin")
    page.get_by_label("Mật khẩu dùng một lần").fill(password)
    follow(page.get_by_role("button", name="Tiếp tục"))


def enrol(page: Page) -> Keeper:
    secret = page.locator("code.secret").inner_text().replace(" ", "")
    keeper = Keeper("", pyotp.TOTP(secret))
    page.get_by_label("Mật khẩu mới").fill(PASSWORD)
    page.get_by_label("Gõ 6 chữ số").fill(keeper.code())
    follow(page.get_by_role("button", name="Lưu và vào"))
    return keeper


def signed_in(browser: Browser, hub: HubProcess) -> Page:
    """Of an admin who is new."""
    # axe is a script, which our policy keeps out.
    page = browser.new_context(base_url=hub.url, bypass_csp=True).new_page()
    begin(page, first_password(hub, "invite", "an.nguyen", "--role", "admin"))
    enrol(page)
    return page
