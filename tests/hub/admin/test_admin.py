"""The admin's page: closed without a session, and it tells what needs a person."""

import html
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import insert, text

from contracts.errors import TimedOut
from contracts.observation import Channel, Unusable
from hub.access.audit import note
from hub.access.roles import Role
from hub.access.sign_in import SignIn
from hub.calls.tables import call
from hub.db import Database
from hub.log import bind_correlation
from hub.quarantine import keep
from hub.registry import Registry
from hub.streams import store
from hub.vault import Vault
from sync_jobs.pull import pull
from tests.keepers import enrolled
from tests.observations import observation as said
from tests.parts import Told, pulled_spec, pushing_spec, registry_of


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    off = pushing_spec("so-yt", enabled=False, name={"vi": "Sở Y tế", "en": "Health"})
    async with registry_of(pulled_spec(), pulled_spec("so-tnmt", between=True), off) as made:
        yield made


async def enter(client: httpx.AsyncClient, database: Database, vault: Vault) -> httpx.Response:
    await enrolled(client, SignIn(database, vault))
    return await client.get("/admin")


async def test_nobody_sees_it_without_a_session(client: httpx.AsyncClient) -> None:
    closed = await client.get("/admin")
    assert "Mật khẩu dùng một lần" in closed.text
    assert "so-tnmt" not in closed.text
    client.cookies.set("hub_admin", "guess", path="/admin")
    assert "so-tnmt" not in (await client.get("/admin")).text


async def test_what_needs_a_person_comes_first(client: httpx.AsyncClient, database: Database, vault: Vault) -> None:
    spec, failing = pulled_spec(), pulled_spec("so-tnmt")
    await store.ensure(database, [spec, failing])
    unknown = Unusable(
        agency=spec.id,
        channel=Channel.PULL,
        reason="unknown_status",
        message="nobody has mapped <b>it</b>",
        value="Chờ xác minh",
        raw='{"NguoiNop": "Nguyễn Văn Đức"}',
        observed_at=datetime.now(UTC),
    )
    await pull(database, Told(spec, [[said(status=4)]], [unknown]), vault)
    await pull(database, Told(failing, [TimedOut("no whole answer within 60 s")]), vault)
    async with database.begin() as connection:
        await keep(connection, [unknown.model_copy(update={"raw": "{}"})], vault)
        row = {"agency": "so-tnmt", "operation": "changes", "method": "POST", "address": "http://x/", "seconds": 60.0}
        row |= {"started_at": datetime.now(UTC), "attempts": 3, "outcome": "Quá giờ", "request": b"", "response": b""}
        await connection.execute(insert(call).values(row | {"response_bytes": 0}))
    text = (await enter(client, database, vault)).text
    assert text.index("so-tnmt") < text.index("ubnd-pleiku")
    for shown in ("Đang lỗi", "no whole answer within 60 s", "Sở Y tế"):
        assert shown in text
    assert "Quá giờ" in (await client.get("/admin/quality")).text
    text += (await client.get("/admin/quarantine")).text
    assert "Chờ xác minh" in text
    assert "&lt;b&gt;it&lt;/b&gt;" in text
    assert "Nguyễn Văn Đức" not in text


async def test_an_agency_that_is_left_alone_for_a_while_is_shown(
    client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    await database.reads.execute(
        "INSERT INTO gate (agency, day, calls_today, open_until)"
        " VALUES ('so-tnmt', '2025-07-02', 1234, now() + interval '5 minutes')"
    )
    text = (await enter(client, database, vault)).text
    assert "Tạm ngừng gọi đến" in text
    assert "Lượt gọi 02/07</dt><dd>1.234</dd>" in text


async def test_it_shows_how_far_the_past_is_read_and_how_far_the_index_was_off(
    client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    await database.reads.execute(
        "INSERT INTO stream (agency, kind, past) VALUES"
        """ ('so-tnmt', 'backfill', '{"rows": 1200, "total": 4800, "ended": false}'),"""
        """ ('ubnd-pleiku', 'backfill', '{"rows": 77, "total": null, "ended": true}')"""
    )
    await database.reads.execute(
        "INSERT INTO run (agency, kind, reason, started_at, outcome, details) VALUES"
        """ ('so-tnmt', 'reconcile', 'schedule', now(), 'ok', '{"seen": 4000, "missing": 3, "differs": 2}'),"""
        """ ('so-tnmt', 'reconcile', 'schedule', now() - interval '1 day', 'ok',"""
        """  '{"seen": 1000, "missing": 0, "differs": 6, "gone": 1}')"""
    )
    text = (await enter(client, database, vault)).text
    assert "1.200 trên 4.800" in text
    assert '<progress value="1200" max="4800">' in text
    assert text.count("<progress") == 1
    assert "0,12 %" in text
    quality = (await client.get("/admin/quality")).text
    assert quality.index("0,12 %") < quality.index("0,70 %")


async def test_who_keeps_an_agency_orders_by_buttons(
    client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    spec = pulled_spec()
    await store.ensure(database, [spec])
    await pull(database, Told(spec, [TimedOut("no whole answer within 60 s")]), vault)
    await enrolled(client, SignIn(database, vault), "an")
    page = await client.get(f"/admin/agencies/{spec.id}")
    for shown in ("no whole answer within 60 s", "Đang lỗi", "Chạy ngay", "Tạm dừng", "Quá giờ", "theo lịch"):
        assert shown in page.text
    paused = await client.post(f"/admin/agencies/{spec.id}/pull/pause")
    assert "Đã tạm dừng" in paused.text
    assert "Cho đọc lại" in paused.text
    assert (await client.post(f"/admin/agencies/{spec.id}/pull/resume")).status_code == 200
    assert "Đã ra lệnh đọc ngay" in (await client.post(f"/admin/agencies/{spec.id}/pull/run")).text
    [row] = await database.reads.fetch("SELECT paused, wanted ->> 'by' AS by FROM stream")
    assert (row["paused"], row["by"]) == (False, "person:an")
    lines = await database.reads.fetch("SELECT actor, action, target FROM audit WHERE action LIKE 'sync%' ORDER BY id")
    assert [tuple(line) for line in lines] == [
        ("person:an", f"sync.{action}", f"{spec.id} pull") for action in ("pause", "resume", "run")
    ]
    for path in ("so-nowhere", "so-tnmt/pull/run", f"{spec.id}/nothing/run"):
        method = "POST" if "/" in path else "GET"
        assert (await client.request(method, f"/admin/agencies/{path}")).status_code == 404


async def test_days_of_the_past_are_ordered_by_a_form(
    client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    spec = pulled_spec("so-tnmt", between=True)
    await store.ensure(database, [spec], ["backfill"])
    await enrolled(client, SignIn(database, vault), "an")
    address = f"/admin/agencies/{spec.id}/backfill"
    days = {"since": "2025-01-01", "until": "2025-01-31"}
    assert "Khoảng này được đọc trước" in (await client.get(f"/admin/agencies/{spec.id}")).text
    assert "Đã ra lệnh đọc lại khoảng này" in (ordered := await client.post(address, data=days)).text
    assert "Đã ra lệnh, chờ bắt đầu" in ordered.text
    early = await client.post(address, data=days)
    assert (early.status_code, "chưa bắt đầu đọc" in early.text) == (409, True)
    await database.reads.execute(
        'UPDATE stream SET wanted = NULL, past = \'{"rows": 7, "total": null, "ended": true}\''
    )
    assert "Khoảng này được đọc trước" not in (await client.get(f"/admin/agencies/{spec.id}")).text
    for wrong in (
        {"since": "", "until": "2025-01-31"},
        {"since": "31/01/2025", "until": ""},
        {"since": "2025-01-31", "until": "2025-01-30"},
        {"since": "2999-01-01", "until": ""},
        {"since": "2025-01-01", "until": "9999-12-31"},
    ):
        refused = await client.post(address, data=wrong)
        assert (refused.status_code, "Hãy chọn ngày bắt đầu" in refused.text) == (422, True), wrong
    assert "Đã ra lệnh đọc lại khoảng này" in (await client.post(address, data=days)).text
    [wanted] = await database.reads.fetch("SELECT wanted ->> 'since' AS since, wanted ->> 'until' AS until FROM stream")
    assert tuple(wanted) == ("2025-01-01T00:00:00+07:00", "2025-02-01T00:00:00+07:00"), "the last day is read, too"
    await database.reads.execute(
        "UPDATE stream SET past = $1",
        '{"rows": 1200, "total": 4800, "ended": false, "since": "2025-01-01T00:00:00+07:00",'
        ' "until": "2025-02-01T00:00:00+07:00", "read_back_to": "2025-01-20T08:00:00+07:00",'
        ' "after": {"window": null, "paused": false, "past": {"rows": 4321, "total": 9999, "ended": false}}}',
    )
    text = (await client.get(f"/admin/agencies/{spec.id}")).text
    for shown in ("00:00 01/01/2025 – 00:00 01/02/2025", "1.200 / 4.800", "25,00 %", "đã lùi đến 08:00 20/01/2025"):
        assert shown in text
    assert "đọc tiếp mọi hồ sơ cũ, đã đọc 4.321 / 9.999 bản ghi" in text
    assert '<progress value="0.25" max="1"' in text
    assert (await client.post("/admin/agencies/so-nowhere/backfill", data=days)).status_code == 404


async def test_who_keeps_one_agency_sees_no_other(client: httpx.AsyncClient, database: Database, vault: Vault) -> None:
    sign_in = SignIn(database, vault)
    await enrolled(client, sign_in)
    await enrolled(client, sign_in, "binh", Role.OPERATOR, agencies=["so-tnmt"])
    text = (await client.get("/admin")).text
    assert "so-tnmt" in text
    assert "ubnd-pleiku" not in text


async def test_the_audit_is_shown_and_whether_it_is_whole(
    client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    await enrolled(client, SignIn(database, vault))
    async with database.begin() as connection:
        for number in range(120):
            await note(connection, actor="cli:<an>", action="tried", target=f"so-{number % 2}", detail={"n": number})
    first = (await client.get("/admin/audit")).text
    assert "nguyên vẹn" in first
    assert "cli:&lt;an&gt;" in first
    assert first.index('{"n": 119}') < first.index('{"n": 118}')
    assert "account.enrolled" not in first
    older = (await client.get("/admin/audit?before=22")).text
    assert "account.enrolled" in older
    assert '{"n": 0}' in (await client.get("/admin/audit?target=so-0&actor=cli:<an>")).text
    for wrong in ("before=x", "before=-1", "before=" + "9" * 40, "target=nobody"):
        assert (await client.get(f"/admin/audit?{wrong}")).status_code == 200
    async with database.begin() as connection:
        await connection.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        await connection.execute(text("DELETE FROM audit WHERE id = 5"))
    assert "Nhật ký đã bị sửa" in (await client.get("/admin/audit")).text


async def test_what_was_looked_for_in_the_audit_is_downloaded_whole(
    client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    await enrolled(client, SignIn(database, vault))
    async with database.begin() as connection:
        for number in range(1001):
            bind_correlation(f"lần {number % 2}")
            await note(connection, actor="cli:an", action="tried", target="so-0", detail={"n": number})
    page = (await client.get("/admin/audit", params={"correlation_id": "lần 1", "actor": "cli:an"})).text
    assert '{"n": 999}' in page
    assert '{"n": 1000}' not in page
    [address] = re.findall(r'href="(/admin/audit/export[^"]*)"', page)
    told = await client.get(html.unescape(address))
    assert told.headers["content-disposition"] == 'attachment; filename="audit.ndjson"'
    assert told.headers["cache-control"] == "no-store"
    rows = [json.loads(row) for row in told.text.splitlines()]
    assert [row["detail"]["n"] for row in rows] == list(range(1, 1001, 2))
    assert {row["correlation_id"] for row in rows} == {"lần 1"}
    whole = [json.loads(row) for row in (await client.get("/admin/audit/export")).text.splitlines()]
    assert [row["line"] for row in whole] == list(range(1, len(whole) + 1))
    older = (await client.get("/admin/audit?correlation_id=lần 1")).text
    [address] = re.findall(r'href="(/admin/audit\?before=[^"]*)"', older)
    assert '{"n": 999}' not in (further := (await client.get(html.unescape(address))).text)
    assert '{"n": 799}' in further
    assert '{"n": 798}' not in further


async def test_it_is_told_in_english_too_and_who_is_paused_is_not_failing(
    client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    spec = pulled_spec()
    await store.ensure(database, [spec])
    await pull(database, Told(spec, [[said(status=4)]]), vault)
    await database.reads.execute("UPDATE stream SET paused = true")
    await enter(client, database, vault)
    text = (await client.get("/admin?lang=en")).text
    for shown in ("How the agencies fare", "Paused", "Nothing waits for anybody", "s ago)", "Not connected"):
        assert shown in text
    for left in ("Đang kết nối", "trước)", "Độ trễ", "chưa có"):
        assert left not in text
    assert '<td class="number">1</td>' in (await client.get("/admin/quality")).text, "as many dossiers as there are"
