"""Calls as they are kept are found by what is known of them, and shown masked, or in full for a reason that is kept."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet
from fastapi import FastAPI

from adapters import Client, build_adapter
from contracts.adapter import Priority, Window
from contracts.agency import AgencySpec
from contracts.errors import AgencyFailure
from hub import problems
from hub.access.audit import note
from hub.access.keys import ApiKeys
from hub.access.roles import Role
from hub.access.scopes import Scope
from hub.access.sign_in import SignIn
from hub.admin import calls_api
from hub.calls import search
from hub.calls.recorder import DatabaseCallRecorder
from hub.calls.search import Asked, Calls, NoSuchCall
from hub.db import Database
from hub.log import bind_correlation
from hub.registry import Registry
from hub.vault import Vault, VaultError
from tests.adapters.servers import Told, answering
from tests.keepers import console, enrolled
from tests.observations import T0
from tests.parts import NamedSecrets, pushing_spec, registry_of

SECRETS = NamedSecrets({"khoa": "khóa-rất-bí-mật"})
ONE, TWO, THREE = (f"H21.03-261123-000{number}" for number in (1, 2, 3))
PERSON = "Nguyễn Văn Đức"


def spec_of(address: str, agency: str = "so-xd") -> AgencySpec:
    query = {"ma": "{code}", "khoa": "{secret:khoa}"}
    return pushing_spec(
        agency,
        webhook=None,
        system={
            "kind": "rest",
            "address": address,
            "private": True,
            "limits": {"attempts": 1},
            "auth": {"kind": "login", "path": "/login", "json_body": {"key": "{secret:khoa}"}, "token": "token"},
        },
        operations={
            "lookup": {
                "request": {"path": "/mot", "query": query},
                "answer": {"error_when": "loi", "error_message": "loi"},
            },
            "changes": {
                "request": {"path": "/nhieu", "query": {"tu": "{since|iso}"}},
                "answer": {"records": "rows"},
                "pages": {"kind": "single"},
            },
        },
        mapping={
            "code": "ma",
            "occurred_at": {"path": "luc", "convert": "date", "formats": ["iso"]},
            "facts": {"status": "tt", "applicant_name": "ten"},
        },
    )


def row(code: str) -> dict[str, Any]:
    return {"ma": code, "luc": "2026-11-23T08:00:00+07:00", "tt": "MOI", "ten": PERSON, "matKhau": "mật-khẩu-của-họ"}


@pytest.fixture
async def spec(database: Database, vault: Vault) -> AsyncIterator[AgencySpec]:
    """An agency that was asked for one dossier, for one that it refused to tell of, and for a list of two."""
    answers = [
        {"token": "ma-phien-0123"},
        row(ONE),
        {"rows": [row(TWO), row(ONE)]},
        {"loi": f"không cho xem hồ sơ của {PERSON}"},
    ]
    told = iter(answers)
    async with answering(lambda _asked: Told(json.dumps(next(told), ensure_ascii=False))) as address:
        made = spec_of(address)
        async with Client(DatabaseCallRecorder(database, vault)) as client:
            adapter = build_adapter(made, client=client, secrets=SECRETS, documents=Path())
            bind_correlation("yeu-cau-1")
            await adapter.lookup(ONE, priority=Priority.PERSON)
            bind_correlation("job-2")
            async for _ in adapter.changes(Window(until=T0)):
                pass
            bind_correlation("yeu-cau-3")
            with pytest.raises(AgencyFailure):
                await adapter.lookup(THREE, priority=Priority.PERSON)
        yield made


@pytest.fixture
def calls(database: Database, vault: Vault) -> Calls:
    return Calls(database, vault)


async def found(calls: Calls, **asked: Any) -> list[tuple[str, str]]:
    return [(each.operation, each.outcome) for each in (await calls.find(Asked(**asked))).calls]


@pytest.mark.usefixtures("spec")
async def test_calls_are_found_by_what_is_known_of_them(calls: Calls) -> None:
    everything = [("lookup", "rejected"), ("changes", "ok"), ("lookup", "ok"), ("login", "ok")]
    assert await found(calls) == everything
    assert await found(calls, agencies=["so-xd"]) == everything
    assert await found(calls, agencies=["so-tnmt"]) == await found(calls, agencies=[]) == []
    assert await found(calls, outcome="failed") == await found(calls, outcome="rejected") == everything[:1]
    assert await found(calls, operation="lookup") == [everything[0], everything[2]]
    assert await found(calls, correlation_id="job-2") == [("changes", "ok")]
    now = datetime.now(UTC)
    assert (
        await found(calls, since=now + timedelta(hours=1)) == await found(calls, until=now - timedelta(hours=1)) == []
    )
    assert await found(calls, since=now - timedelta(hours=1), until=now + timedelta(hours=1)) == everything


@pytest.mark.usefixtures("spec")
async def test_a_dossiers_calls_are_found_however_its_code_is_typed(calls: Calls) -> None:
    for typed in (ONE, f" {ONE.lower()} ", ONE.replace("-", ""), ONE.replace("0001", "OOOl")):
        assert await found(calls, code=typed) == [("changes", "ok"), ("lookup", "ok")], typed
    assert await found(calls, code=TWO) == [("changes", "ok")]
    assert await found(calls, code=THREE) == [("lookup", "rejected")], "though the answer does not tell of it"
    assert await found(calls, code="H21.03-261123-0009") == []
    looked = (await calls.find(Asked(code=TWO))).looked
    assert looked
    assert (looked.calls, looked.more, looked.cut) == (1, False, 0)
    short = await calls.find(Asked(code="H21.0"))
    assert (short.calls, short.looked) == ([], None)


@pytest.mark.usefixtures("spec")
async def test_how_far_a_search_looked_is_told_and_it_goes_on_from_there(
    calls: Calls, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = "agency, operation, method, address, seconds, attempts, outcome, request, response, response_bytes"
    for hours in range(1, 6):
        await database.reads.execute(
            f"""INSERT INTO call ({columns}, started_at) SELECT {columns}, now() + make_interval(hours => $1)
                  FROM call WHERE operation = 'changes' LIMIT 1""",
            hours,
        )
    await database.reads.execute("UPDATE call SET response_bytes = 70000 WHERE started_at > now()")
    monkeypatch.setattr(search, "MOST_LOOKED_INTO", 4)
    first = await calls.find(Asked(code=TWO))
    assert first.looked
    assert (first.looked.calls, first.looked.more, first.looked.cut, len(first.calls)) == (4, True, 4, 4)
    assert first.older
    rest = await calls.find(Asked(code=TWO, before=first.older))
    assert rest.looked
    assert (len(rest.calls), rest.looked.more, rest.older) == (2, False, None)
    monkeypatch.setattr(search, "MOST_SHOWN", 2)
    seen, before = [], None
    while True:
        page = await calls.find(Asked(before=before))
        seen += [each.id for each in page.calls]
        if (before := page.older) is None:
            break
    assert len(seen) == len(set(seen)) == 9


async def test_a_call_is_masked_and_in_full_for_a_reason_that_is_kept(
    calls: Calls, spec: AgencySpec, database: Database
) -> None:
    refused, _listed, looked_up, login = (await calls.find(Asked())).calls
    masked = await calls.masked("so-xd", looked_up.id, spec)
    assert ONE in masked.request
    assert ONE in masked.response
    assert PERSON not in masked.response
    assert (await calls.masked("so-xd", refused.id, spec)).call.message == "***", "their words may name somebody"
    for why in ("", "   ", "x", ". . ", "x" * 301):
        with pytest.raises(ValueError, match="a reason has"):
            await calls.open("so-xd", looked_up.id, why=why, actor="person:an")
    assert await database.reads.fetchval("SELECT count(*) FROM audit WHERE action = 'call.opened'") == 0
    full = await calls.open("so-xd", looked_up.id, why=" phiếu 123 ", actor="person:an")
    assert PERSON in full.response
    line = await database.reads.fetchrow("SELECT actor, target, detail::text FROM audit WHERE action = 'call.opened'")
    detail = json.loads(line["detail"])
    assert (line["actor"], line["target"]) == ("person:an", "so-xd")
    assert (detail["call"], detail["why"], detail["correlation_id"]) == (looked_up.id, "phiếu 123", "yeu-cau-1")
    assert ONE not in line["detail"]
    told = await calls.open("so-xd", refused.id, why="phiếu 123", actor="person:an")
    assert PERSON in (told.call.message or "")
    for number in (refused.id, looked_up.id, login.id):
        for bodies in (
            await calls.masked("so-xd", number, spec),
            await calls.open("so-xd", number, why="phiếu 123", actor="person:an"),
        ):
            for secret in (SECRETS["khoa"], "ma-phien-0123", "mật-khẩu-của-họ"):
                assert secret not in bodies.request + bodies.response
    for agency, number in (("so-xd", 999), ("so-tnmt", looked_up.id)):
        with pytest.raises(NoSuchCall):
            await calls.masked(agency, number, spec)
        with pytest.raises(NoSuchCall):
            await calls.open(agency, number, why="phiếu 123", actor="person:an")


@pytest.mark.usefixtures("spec")
async def test_under_another_key_nothing_is_found_in_bodies_and_nothing_shown(database: Database) -> None:
    others = Calls(database, Vault(seal_keys=Fernet.generate_key().decode(), digest_key="1" * 64))
    assert await found(others, code=TWO) == []
    [listed] = (await others.find(Asked(operation="changes"))).calls
    with pytest.raises(VaultError):
        await others.masked("so-xd", listed.id, None)


@pytest.fixture
async def registry(spec: AgencySpec) -> AsyncIterator[Registry]:
    async with registry_of(spec, pushing_spec("so-tnmt"), secrets=SECRETS) as made:
        yield made


@pytest.fixture
def sign_in(database: Database, vault: Vault) -> SignIn:
    return SignIn(database, vault)


@pytest.fixture
async def client(
    database: Database, vault: Vault, registry: Registry, sign_in: SignIn, calls: Calls
) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    problems.install(app)
    app.include_router(console(database, registry, sign_in, vault))
    app.include_router(calls_api.router(calls, registry, ApiKeys(database)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as made:
        yield made


async def test_on_pages_an_operator_opens_and_a_viewer_does_not(
    client: httpx.AsyncClient, sign_in: SignIn, calls: Calls
) -> None:
    await enrolled(client, sign_in)
    await enrolled(client, sign_in, "binh", Role.VIEWER, agencies=["so-xd"])
    _refused, _listed, looked_up, _login = (await calls.find(Asked())).calls
    address = f"/admin/agencies/so-xd/calls/{looked_up.id}"
    assert address in (await client.get("/admin/calls", params={"code": ONE.lower()})).text
    shown = (await client.get(address)).text
    assert PERSON not in shown
    assert 'name="why"' not in shown, "a viewer opens nothing"
    assert (await client.post(f"{address}/open", data={"why": "phiếu 123"})).status_code == 403
    client.cookies.clear()
    await enrolled(client, sign_in, "cuc", Role.OPERATOR, agencies=["so-xd"])
    assert 'name="why"' in (await client.get(address)).text
    refused = await client.post(f"{address}/open", data={"why": "x"})
    assert refused.status_code == 422
    assert PERSON not in refused.text
    opened = await client.post(f"{address}/open", data={"why": "phiếu 123"})
    assert PERSON in opened.text
    assert opened.headers["cache-control"] == "no-store"
    assert (await client.get("/admin/agencies/so-xd/calls/abc")).status_code == 404
    for asked, status in (
        ("since=h%C3%B4m+nay", 422),
        ("since=0001-01-01T00:00", 422),
        ("since=2026-11-26T08:30&until=2026-11-27T08:30&before=x", 200),
        ("code=%00&agency=%00&correlation_id=%00", 200),
        ("code=H21", 200),
    ):
        assert (await client.get(f"/admin/calls?{asked}")).status_code == status, asked
    client.cookies.clear()
    await enrolled(client, sign_in, "dung", Role.OPERATOR, agencies=["so-tnmt"])
    for asked in ("", f"?code={ONE}", "?agency=so-xd", "?correlation_id=job-2"):
        assert "/agencies/so-xd/calls" not in (await client.get(f"/admin/calls{asked}")).text, asked
    assert (await client.get(address)).status_code == 403


async def test_calls_and_the_audit_lead_to_each_other_where_they_belong_together(
    client: httpx.AsyncClient, sign_in: SignIn, calls: Calls, database: Database
) -> None:
    """By what was done in one go; and from a call to who has opened it."""
    await enrolled(client, sign_in)
    _refused, listed, looked_up, _login = (await calls.find(Asked())).calls
    bind_correlation("yeu-cau-1")
    async with database.begin() as connection:
        await note(connection, actor="an", action="spec.tried", target="so-xd")
    bind_correlation("yeu-cau-9")
    async with database.begin() as connection:
        await note(connection, actor="an", action="secret.set", target="so-xd")
    to_audit = 'href="/admin/audit?correlation_id=yeu-cau-1"'
    assert to_audit in (await client.get(f"/admin/agencies/so-xd/calls/{looked_up.id}")).text
    assert to_audit in (await client.get("/admin/calls?correlation_id=yeu-cau-1")).text
    for address in (f"/admin/agencies/so-xd/calls/{listed.id}", "/admin/calls?correlation_id=job-2"):
        assert "/admin/audit?" not in (await client.get(address)).text, "nobody ordered that one"
    await client.post(f"/admin/agencies/so-xd/calls/{listed.id}/open", data={"why": "phiếu 123"})
    audit = (await client.get("/admin/audit")).text
    for correlation, is_led_to in (("yeu-cau-1", True), ("job-2", True), ("yeu-cau-9", False)):
        assert (f'href="/admin/calls?correlation_id={correlation}"' in audit) == is_led_to, correlation
    found = (await client.get("/admin/audit?correlation_id=job-2")).text
    assert ("call.opened" in found, "spec.tried" in found) == (True, False), "who looked at its calls"
    await enrolled(client, sign_in, "binh", Role.VIEWER)
    assert "/admin/audit?" not in (await client.get(f"/admin/agencies/so-xd/calls/{looked_up.id}")).text


async def test_programs_search_and_open_likewise(client: httpx.AsyncClient, database: Database) -> None:
    keys = ApiKeys(database)
    scopes = [Scope.ADMIN_LOOK, Scope.ADMIN_OPERATE]
    client.headers["X-Api-Key"] = await keys.create("robot", scopes=scopes, actor="test")
    answer = (await client.get("/v1/admin/calls", params={"code": ONE})).json()
    assert [each["operation"] for each in answer["items"]] == ["changes", "lookup"]
    assert answer["looked"]["calls"] == 1
    address = f"/v1/admin/agencies/so-xd/calls/{answer['items'][1]['id']}"
    assert PERSON not in (await client.get(address)).text
    short = await client.post(f"{address}/open", json={"why": "a   b"})
    assert (short.status_code, short.json()["errors"][0]["field"]) == (400, "/why")
    assert PERSON in (await client.post(f"{address}/open", json={"why": "phiếu 123"})).json()["response"]
    assert await database.reads.fetchval("SELECT actor FROM audit WHERE action = 'call.opened'") == "key:robot"
    for asked in ({"code": "H21"}, {"since": "hôm nay"}, {"until": "0.5"}, {"correlation_id": "\0"}, {"outcome": "x"}):
        assert (await client.get("/v1/admin/calls", params=asked)).status_code == 400, asked
    client.headers["X-Api-Key"] = await keys.create("other", scopes=scopes, agencies=["so-tnmt"], actor="test")
    assert (await client.get("/v1/admin/calls")).json()["items"] == []
    assert (await client.get("/v1/admin/calls?agency=so-xd")).status_code == 403
    assert (await client.get(address)).status_code == 403
