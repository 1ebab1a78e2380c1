"""Webhooks out, in a real browser: a key is made, a subscription of it, tested and refused, mended, sent again from a
moment, given another secret, stopped, and removed."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Browser, expect
from standardwebhooks import Webhook, WebhookVerificationError

from hub.portal.page import VIETNAM
from tests.browsing import follow, looked_at, needs_chromium
from tests.running import HubProcess, NewHub, kept_running
from tests.signing_in import signed_in

pytestmark = needs_chromium


class Endpoint(ThreadingHTTPServer):
    """A department's: what is not signed by the secret it knows it refuses."""

    secret = "whsec_" + "bm90IHlldA=="

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Endpoint)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            Webhook(self.server.secret).verify(body, dict(self.headers.items()))
        except WebhookVerificationError as error:
            self.send_response(401)
            self.end_headers()
            self.wfile.write(str(error).encode())
        else:
            self.send_response(204)
            self.end_headers()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as made:
        Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


@pytest.fixture(scope="module")
def hub(new_hub: NewHub) -> Iterator[HubProcess]:
    with new_hub({}, settings={"HUB_ENDPOINT_NETWORKS": '["127.0.0.0/8"]'}) as made, kept_running(made):
        yield made


def test_a_subscription_from_its_making_to_its_end(browser: Browser, hub: HubProcess, endpoint: Endpoint) -> None:
    page = signed_in(browser, hub)
    follow(page.get_by_role("link", name="Webhook đi", exact=True))
    looked_at(page, "subscriptions-none")
    follow(page.get_by_role("link", name="tạo một khóa"))
    page.get_by_label("Tên", exact=True).fill("so-xd")
    page.get_by_label("webhooks:manage").check()
    follow(page.get_by_role("button", name="Tạo khóa"))

    follow(page.get_by_role("link", name="Webhook đi", exact=True))
    page.get_by_label("Gửi đến địa chỉ").fill(endpoint.address)
    page.get_by_label("Tên", exact=True).fill("Một cửa Sở Xây dựng")
    page.get_by_label("dossier.status").check()
    page.get_by_text("Chỉ một số hồ sơ").click()
    page.get_by_label("Chỉ các thủ tục").fill("1001612")
    follow(page.get_by_role("button", name="Thêm đăng ký"))
    expect(page.get_by_text("Mã thủ tục phải như 1.001612.")).to_be_visible()
    looked_at(page, "subscriptions-wrong")
    page.get_by_label("Chỉ các thủ tục").fill("1.001612")
    follow(page.get_by_role("button", name="Thêm đăng ký"))
    secret = page.locator("code.secret").inner_text()
    looked_at(page, "subscription-made")

    follow(page.get_by_role("button", name="Gửi sự kiện thử"))
    expect(page.get_by_text("Nơi nhận chưa nhận sự kiện thử")).to_be_visible()
    expect(page.get_by_text("HTTP 401")).to_be_visible()
    looked_at(page, "subscription-refused")
    endpoint.secret = secret
    follow(page.get_by_role("button", name="Gửi sự kiện thử"))
    expect(page.get_by_text("Nơi nhận đã nhận sự kiện thử.")).to_be_visible()
    expect(page.get_by_text("HTTP 204")).to_be_visible()

    page.get_by_label("Từ lúc").fill(f"{datetime.now(VIETNAM) - timedelta(hours=1):%Y-%m-%dT%H:%M}")
    follow(page.get_by_role("button", name="Gửi lại từ lúc này"))
    expect(page.get_by_text("Đang gửi lại từ nơi đã chọn.")).to_be_visible()
    page.get_by_label("Còn ký cả bằng bí mật cũ").select_option("0")
    follow(page.get_by_role("button", name="Thay bí mật"))
    assert page.locator("code.secret").inner_text() != secret
    follow(page.get_by_role("button", name="Ngừng gửi"))
    expect(page.get_by_text("quản trị viên đã tắt")).to_be_visible()
    looked_at(page, "subscription-stopped")
    follow(page.get_by_role("link", name="English"))
    looked_at(page, "subscription-english")
    follow(page.get_by_role("link", name="Tiếng Việt"))
    follow(page.get_by_role("button", name="Bật, gửi tiếp từ chỗ dừng"))
    follow(page.get_by_role("link", name="← Mọi webhook đi"))
    looked_at(page, "subscriptions")
    follow(page.get_by_role("link", name="Một cửa Sở Xây dựng"))
    follow(page.get_by_role("button", name="Bỏ đăng ký này"))
    expect(page.get_by_text("Đã bỏ đăng ký.")).to_be_visible()
