"""The page of alerts: what to do next is a link, and who keeps one agency silences that one alone."""

import httpx
import pytest

from hub.access.roles import Role
from hub.access.sign_in import SignIn
from hub.db import Database
from hub.vault import Vault
from tests.keepers import enrolled


@pytest.fixture(autouse=True)
async def alerts(database: Database) -> None:
    await database.reads.execute(
        "INSERT INTO alert (kind, agency, what, opened_at, resolved_at, detail) VALUES"
        """ ('down', 'so-tnmt', '', now(), NULL, '{"message": "no <b>connection</b>"}'),"""
        """ ('lag', 'ubnd-pleiku', '', now(), NULL, '{"covered_until": "2026-11-26T01:00:00+00:00"}'),"""
        """ ('drift', 'so-tnmt', '', now(), now(), '{"amiss": 7, "seen": 4000}')"""
    )


async def test_what_is_open_is_shown_with_what_to_do_next(
    client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    await enrolled(client, SignIn(database, vault))
    text = (await client.get("/admin/alerts")).text
    for shown in ("hệ thống không trả lời", "no &lt;b&gt;connection", "đối chiếu thấy lệch 7 trên 4000", "08:00 26/11"):
        assert shown in text
    assert 'href="/admin/agencies/so-tnmt">Xem cuộc gọi và gọi đơn vị' in text
    assert text.index("không trả lời") < text.index("trễ, mới biết")
    for fields, done in (
        ({"agency": "so-tnmt", "kind": "down", "hours": "4", "why": "bảo trì"}, "Đã tạm im"),
        ({"agency": "", "kind": "", "hours": "4", "why": "lễ"}, "Đã tạm im"),
        ({"agency": "so-tnmt", "kind": "", "hours": "4", "why": " "}, "Hãy chọn cơ quan của bạn"),
        ({"agency": "so-tnmt", "kind": "", "hours": "9000", "why": "x"}, "Hãy chọn cơ quan của bạn"),
        ({"agency": "so-ma", "kind": "", "hours": "4", "why": "x"}, "Hãy chọn cơ quan của bạn"),
    ):
        assert done in (await client.post("/admin/alerts/silence", data=fields)).text
    hook = (await client.post("/admin/alerts/recipients", data={"to": "http://127.0.0.1:1/hook"})).text
    assert "whsec_" in hook
    assert "whsec_" not in (await client.get("/admin/alerts")).text
    assert "Đã thêm người nhận" in (await client.post("/admin/alerts/recipients", data={"to": "a@so.example"})).text
    assert "a***@so.example" in (await client.get("/admin/alerts")).text
    assert "hãy ghi một địa chỉ thư" in (await client.post("/admin/alerts/recipients", data={"to": "nobody"})).text
    assert "System down" in (await client.get("/admin/alerts?lang=en")).text


async def test_who_keeps_one_agency_sees_and_silences_that_one_alone(
    client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    sign_in = SignIn(database, vault)
    await enrolled(client, sign_in)
    await client.post("/admin/alerts/silence", data={"agency": "", "kind": "", "hours": "4", "why": "lễ"})
    await enrolled(client, sign_in, "binh", Role.OPERATOR, agencies=["so-tnmt"])
    text = (await client.get("/admin/alerts")).text
    assert "không trả lời" in text
    assert "trễ, mới biết" not in text
    assert "Thôi im" not in text, "what is silenced for all others keep"
    assert (await client.post("/admin/alerts/silences/1/end")).status_code == 404
    for agency, status in (("so-tnmt", 200), ("ubnd-pleiku", 422), ("", 422)):
        fields = {"agency": agency, "kind": "", "hours": "4", "why": "thử"}
        assert (await client.post("/admin/alerts/silence", data=fields)).status_code == status
