"""Repair in a real browser, on a hub that runs: a word that breaks at the agency is mended in the quarantine; a bad
version is taken back by a click, and one that understands less by itself."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.browsing import follow, looked_at, needs_chromium
from tests.running import HubProcess, NewHub, kept_running
from tests.signing_in import signed_in

pytestmark = needs_chromium

KEY = b"a key that is thirty-two bytes.."
SPEC = """\
# Sở Xây dựng pushes what it does.
id: so-xd
identifier: H21.03
name: {vi: Sở Xây dựng, en: Department of Construction}
kind: department
enabled: true
statuses:
  MOI: "1"
  DANG_XU_LY: "4"
webhook: {secrets: [so-xd-webhook]}
"""


@pytest.fixture(scope="module")
def hub(new_hub: NewHub) -> Iterator[HubProcess]:
    secrets = {"so-xd-webhook": "whsec_" + base64.b64encode(KEY).decode()}
    with new_hub({"so-xd": SPEC}, secrets=secrets) as made, kept_running(made):
        yield made


def push(hub: HubProcess, status: str, *numbers: int) -> None:
    for number in numbers:
        data = {"code": f"H21.03-261123-{number:04}", "occurred_at": f"2026-11-23T08:00:{number:02}+07:00"}
        event = {"type": "dossier.updated", "timestamp": "2026-11-23T08:00:00+07:00", "data": data | {"status": status}}
        body, named, at = json.dumps(event).encode(), f"{status}-{number}", str(int(time.time()))
        digest = hmac.digest(KEY, f"{named}.{at}.".encode() + body, hashlib.sha256)
        headers = {
            "webhook-id": named,
            "webhook-timestamp": at,
            "webhook-signature": "v1," + base64.b64encode(digest).decode(),
        }
        assert httpx.post(f"{hub.url}/v1/webhooks/so-xd", content=body, headers=headers).is_success


def test_a_broken_word_is_mended_and_a_bad_version_taken_back(browser: Browser, hub: HubProcess) -> None:
    page = signed_in(browser, hub)

    push(hub, "CHO_BO_SUNG_HS", 1, 2, 3)
    page.goto("/admin")
    follow(page.get_by_role("link", name="Cách ly", exact=True))
    looked_at(page, "quarantine")
    follow(page.get_by_role("link", name="CHO_BO_SUNG_HS"))
    looked_at(page, "cause")
    page.get_by_label("nghĩa là").select_option("5")
    follow(page.get_by_role("button", name="Xem thử"))
    expect(page.get_by_text("3 trên 3 bản ghi sẽ hiểu trọn")).to_be_visible()
    looked_at(page, "tried")
    follow(page.get_by_role("button", name="Dùng và đọc lại"))
    expect(page.get_by_text("Bản mới đang dùng.")).to_be_visible()
    # By the worker, a moment later.
    for _ in range(120):
        page.goto("/admin/quarantine")
        if page.get_by_text("Không có gì đang cách ly.").count():
            break
        time.sleep(0.5)
    looked_at(page, "quarantine-empty")
    page.goto("/?code=H21.03-261123-0002")
    expect(page.get_by_text("Yêu cầu bổ sung giấy tờ").first).to_be_visible()

    page.goto("/admin/agencies/so-xd")
    follow(page.get_by_role("link", name="Sửa bản mô tả"))
    looked_at(page, "spec")
    text = page.get_by_label("YAML").input_value()
    page.get_by_label("YAML").fill(text + "fax: 1\n")
    follow(page.get_by_role("button", name="Kiểm tra"))
    expect(page.get_by_role("heading", name="Chưa dùng được")).to_be_visible()
    looked_at(page, "spec-wrong")
    page.get_by_label("YAML").fill(text.replace("DANG_XU_LY", "DANG_XU_LI"))
    follow(page.get_by_role("button", name="Đọc song song"))
    looked_at(page, "shadow")
    page.get_by_label("Vì sao").fill("đổi tên từ")
    follow(page.get_by_role("button", name="Xuất bản"))
    expect(page.get_by_text("Bản 3 đang dùng, ở mọi")).to_be_visible()

    # The canary sees that the version before understands these.
    push(hub, "DANG_XU_LY", 11, 12, 13, 14)
    for _ in range(120):
        page.goto("/admin/agencies/so-xd/versions")
        if page.get_by_text("canary").count():
            break
        time.sleep(0.5)
    expect(page.get_by_text("với bản 3, 4 trên 4 bản ghi vào cách ly mà bản 2 hiểu được")).to_be_visible()
    looked_at(page, "versions")

    page.goto("/admin/agencies/so-xd/spec")
    text = page.get_by_label("YAML").input_value()
    page.get_by_label("YAML").fill(text.replace("Sở Xây dựng,", "Sở Xây,"))
    page.get_by_label("Vì sao").fill("nhầm")
    follow(page.get_by_role("button", name="Xuất bản"))
    section = page.locator("section", has=page.get_by_role("heading", name="Bản 4"))
    section.get_by_text("Quay lại bản này").click()
    section.get_by_label("Vì sao").fill("tên sai")
    follow(section.get_by_role("button", name="Dùng lại bản 4"))
    expect(page.get_by_text("Bản 6 đang dùng, ở mọi")).to_be_visible()
    page.goto("/admin/agencies/so-xd")
    expect(page.get_by_role("heading", name="Sở Xây dựng")).to_be_visible()
    looked_at(page, "agency")
