"""/v1/admin: each role's scopes can do there what they should and nothing else; and what is done there is done."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import get_args

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from config.secrets import SecretStore
from contracts.admin import RoleName, ScopeName
from hub.access.audit import note
from hub.access.keys import ApiKeys
from hub.access.roles import Role
from hub.access.scopes import Scope
from hub.access.sign_in import SignIn
from hub.admin import agencies_api, alerts_api, calls_api, drafts_api, keys_api, people_api, secrets_api, specs_api
from hub.alerts.recipients import Recipients
from hub.calls.search import Calls
from hub.db import Database
from hub.log import bind_correlation
from hub.registry import Registry
from hub.secrets.keeping import HubSecrets
from hub.specs.drafts import Drafts
from hub.specs.parts import SpecParts
from hub.specs.specs import Way
from hub.streams import store
from hub.vault import Vault
from tests.keepers import app_of, console, enrolled, spec_parts, tools_of
from tests.parts import pulled_spec, registry_of

SPEC = """\
id: so-xd
identifier: H21.03
name: {vi: Sở Xây dựng, en: Department of Construction}
kind: department
enabled: true
statuses: {MOI: "1"}
webhook: {secrets: [so-xd-webhook]}
"""

LOOK, OPERATE, MANAGE, AUDIT = Scope.ADMIN_LOOK, Scope.ADMIN_OPERATE, Scope.ADMIN_MANAGE, Scope.ADMIN_AUDIT
RULES = {
    ("GET", "/v1/admin/agencies"): LOOK,
    ("GET", "/v1/admin/agencies/{agency}"): LOOK,
    ("GET", "/v1/admin/agencies/{agency}/runs"): LOOK,
    ("GET", "/v1/admin/agencies/{agency}/history"): LOOK,
    ("POST", "/v1/admin/agencies/{agency}/streams/{kind}/{order}"): OPERATE,
    ("POST", "/v1/admin/agencies/{agency}/backfill"): OPERATE,
    ("GET", "/v1/admin/agencies/{agency}/spec"): LOOK,
    ("GET", "/v1/admin/agencies/{agency}/versions"): LOOK,
    ("POST", "/v1/admin/agencies/{agency}/spec/check"): OPERATE,
    ("PUT", "/v1/admin/agencies/{agency}/spec"): OPERATE,
    ("POST", "/v1/admin/agencies/{agency}/versions/{version}/rollback"): OPERATE,
    ("GET", "/v1/admin/agencies/{agency}/spec/shadow"): OPERATE,
    ("PUT", "/v1/admin/agencies/{agency}/spec/shadow"): OPERATE,
    ("DELETE", "/v1/admin/agencies/{agency}/spec/shadow"): OPERATE,
    ("POST", "/v1/admin/agencies/{agency}/spec/trial"): OPERATE,
    ("POST", "/v1/admin/agencies/{agency}/spec/dry-run"): OPERATE,
    ("POST", "/v1/admin/agencies/{agency}/quarantine/{number}/preview"): OPERATE,
    ("GET", "/v1/admin/drafts"): OPERATE,
    ("POST", "/v1/admin/drafts"): MANAGE,
    ("GET", "/v1/admin/agencies/{agency}/draft"): OPERATE,
    ("PUT", "/v1/admin/agencies/{agency}/draft"): OPERATE,
    ("DELETE", "/v1/admin/agencies/{agency}/draft"): OPERATE,
    ("GET", "/v1/admin/agencies/{agency}/draft/operations"): OPERATE,
    ("PUT", "/v1/admin/agencies/{agency}/draft/operations"): OPERATE,
    ("POST", "/v1/admin/agencies/{agency}/draft/trial"): OPERATE,
    ("GET", "/v1/admin/agencies/{agency}/draft/trial"): OPERATE,
    ("POST", "/v1/admin/agencies/{agency}/draft/dry-run"): OPERATE,
    ("POST", "/v1/admin/agencies/{agency}/draft/publish"): OPERATE,
    ("POST", "/v1/admin/agencies/{agency}/draft/rebase"): OPERATE,
    ("GET", "/v1/admin/quarantine"): LOOK,
    ("GET", "/v1/admin/calls"): LOOK,
    ("GET", "/v1/admin/agencies/{agency}/calls/{number}"): LOOK,
    ("POST", "/v1/admin/agencies/{agency}/calls/{number}/open"): OPERATE,
    ("POST", "/v1/admin/agencies/{agency}/quarantine/{number}/close"): OPERATE,
    ("GET", "/v1/admin/people"): MANAGE,
    ("POST", "/v1/admin/people"): MANAGE,
    ("PUT", "/v1/admin/people/{name}"): MANAGE,
    ("POST", "/v1/admin/people/{name}/password"): MANAGE,
    ("DELETE", "/v1/admin/people/{name}"): MANAGE,
    ("GET", "/v1/admin/sessions"): MANAGE,
    ("DELETE", "/v1/admin/sessions/{number}"): MANAGE,
    ("GET", "/v1/admin/secrets"): MANAGE,
    ("PUT", "/v1/admin/secrets/{name}"): MANAGE,
    ("DELETE", "/v1/admin/secrets/{name}"): MANAGE,
    ("GET", "/v1/admin/keys"): MANAGE,
    ("POST", "/v1/admin/keys"): MANAGE,
    ("POST", "/v1/admin/keys/{number}/rotation"): MANAGE,
    ("DELETE", "/v1/admin/keys/{number}"): MANAGE,
    ("GET", "/v1/admin/alerts"): LOOK,
    ("POST", "/v1/admin/alerts/silences"): MANAGE,
    ("POST", "/v1/admin/agencies/{agency}/alerts/silences"): OPERATE,
    ("DELETE", "/v1/admin/alerts/silences/{number}"): OPERATE,
    ("GET", "/v1/admin/alerts/recipients"): MANAGE,
    ("POST", "/v1/admin/alerts/recipients/mail"): MANAGE,
    ("POST", "/v1/admin/alerts/recipients/webhook"): MANAGE,
    ("POST", "/v1/admin/alerts/recipients/{number}/test"): MANAGE,
    ("POST", "/v1/admin/alerts/recipients/{number}/enable"): MANAGE,
    ("DELETE", "/v1/admin/alerts/recipients/{number}"): MANAGE,
    ("GET", "/v1/admin/audit"): AUDIT,
    ("GET", "/v1/admin/audit/export"): AUDIT,
    ("GET", "/v1/admin/audit/verdict"): AUDIT,
}
#: What each route that takes a body takes.
BODIES = {
    "/v1/admin/agencies/{agency}/spec/check": {"text": SPEC},
    "/v1/admin/agencies/{agency}/spec/shadow": {"text": SPEC},
    "/v1/admin/agencies/{agency}/spec/trial": {"text": SPEC},
    "/v1/admin/agencies/{agency}/spec/dry-run": {"text": SPEC},
    "/v1/admin/agencies/{agency}/quarantine/{number}/preview": {"text": SPEC},
    "/v1/admin/drafts": {"id": "so-moi", "name_vi": "Sở Mới"},
    "/v1/admin/agencies/{agency}/draft": {"text": SPEC, "digest": ""},
    "/v1/admin/agencies/{agency}/draft/operations": {"lookup": None, "changes": None},
    "/v1/admin/agencies/{agency}/draft/trial": {},
    "/v1/admin/agencies/{agency}/draft/publish": {"reason": "thử"},
    "/v1/admin/agencies/{agency}/draft/rebase": {"version": 1},
    "/v1/admin/agencies/{agency}/spec": {"text": SPEC, "reason": "thử", "based_on": 1},
    "/v1/admin/agencies/{agency}/versions/{version}/rollback": {"reason": "thử"},
    "/v1/admin/agencies/{agency}/quarantine/{number}/close": {"why": "thử"},
    "/v1/admin/agencies/{agency}/calls/{number}/open": {"why": "thử nghiệm"},
    "/v1/admin/agencies/{agency}/backfill": {"since": "2025-01-01T00:00:00+07:00"},
    "/v1/admin/secrets/{name}": {"value": "rất bí mật"},
    "/v1/admin/keys": {"name": "robot", "scopes": ["dossiers:read"]},
    "/v1/admin/keys/{number}/rotation": {},
    "/v1/admin/alerts/silences": {"hours": 4, "why": "thử"},
    "/v1/admin/agencies/{agency}/alerts/silences": {"hours": 4, "why": "thử", "kind": "down"},
    "/v1/admin/alerts/recipients/mail": {"email": "truc@gialai.example"},
    "/v1/admin/alerts/recipients/webhook": {"address": "http://127.0.0.1:1/hook"},
    "/v1/admin/people": {"name": "cuc", "role": "viewer"},
    "/v1/admin/people/{name}": {"role": "viewer"},
}


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with registry_of(pulled_spec("ubnd-pleiku"), pulled_spec("so-tnmt", between=True)) as made:
        yield made


@pytest.fixture
def keys(database: Database) -> ApiKeys:
    return ApiKeys(database)


@pytest.fixture
def parts(database: Database, registry: Registry, vault: Vault) -> SpecParts:
    return spec_parts(database, registry, vault)


@pytest.fixture
def routers(database: Database, registry: Registry, vault: Vault, keys: ApiKeys, parts: SpecParts) -> list[APIRouter]:
    return [
        agencies_api.router(database, registry, keys, parts),
        specs_api.router(database, vault, keys, parts, tools_of(database, vault, parts)),
        drafts_api.router(keys, parts, Drafts(database, vault, parts.specs), tools_of(database, vault, parts)),
        people_api.router(database, registry, keys, SignIn(database, vault)),
        keys_api.router(registry, keys),
        alerts_api.router(database, registry, keys, Recipients(database, vault, plain_http=True)),
        calls_api.router(Calls(database, vault), registry, keys),
        secrets_api.router(registry, keys, HubSecrets(database, vault, SecretStore(Path("nowhere")))),
    ]


@pytest.fixture
def app(routers: list[APIRouter]) -> FastAPI:
    return app_of(*routers)


def routes_of(routers: list[APIRouter]) -> Iterator[tuple[str, str]]:
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                yield from ((method, route.path_format) for method in route.methods or ())


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_may_do_what_it_should_and_nothing_else(
    client: httpx.AsyncClient, routers: list[APIRouter], keys: ApiKeys, database: Database, role: Role
) -> None:
    found = set(routes_of(routers))
    assert found == set(RULES), "a route without a rule, or a rule without a route"
    limited = await keys.create("limited", scopes=role.scopes, actor="test")
    # One that is for some agencies and may keep what is all agencies' is not made any more.
    await database.reads.execute("UPDATE api_key SET agencies = '{so-tnmt}' WHERE name = 'limited'")
    whole = await keys.create("whole", scopes=role.scopes, actor="test")
    for method, path in sorted(found):
        scope = RULES[method, path]
        ours, others = (
            path.format(agency=agency, kind="pull", order="pause", version=1, number=99, name="nobody")
            for agency in ("so-tnmt", "ubnd-pleiku")
        )

        async def status(key: str | None, address: str, method: str = method, path: str = path) -> int:
            headers = {"X-Api-Key": key} if key else {}
            answer = await client.request(method, address, json=BODIES.get(path), headers=headers)
            assert answer.status_code < 500, answer.text
            return answer.status_code

        may = scope in role.scopes
        assert (await status(whole, ours) != 403) == may, (method, path)
        assert (await status(limited, ours) != 403) == (may and not scope.is_of_all_agencies), (method, path)
        if others != ours:
            assert await status(limited, others) == 403, "that agency is not theirs"
        assert await status(None, ours) == 401
        assert await status("ghk_guess", ours) == 401


async def all_of(keys: ApiKeys) -> dict[str, str]:
    scopes = [LOOK, OPERATE, MANAGE, AUDIT]
    return {"X-Api-Key": await keys.create("robot", scopes=scopes, actor="test")}


async def test_a_spec_is_published_overtaken_and_rolled_back(
    client: httpx.AsyncClient, keys: ApiKeys, parts: SpecParts, registry: Registry
) -> None:
    client.headers.update(await all_of(keys))
    address = "/v1/admin/agencies/so-xd/spec"
    assert (await client.get(address)).json()["type"] == "/problems/admin-not-found"
    made = await client.put(address, json={"text": SPEC, "reason": "đầu tiên"})
    assert (made.status_code, made.json()["version"], made.json()["author"]) == (200, 1, "key:robot")
    assert registry.spec("so-xd"), "it is at work at once"
    wrong = await client.put(address, json={"text": SPEC + "fax: 1\n", "reason": "thử", "based_on": 1})
    assert wrong.status_code == 400
    assert wrong.json()["errors"][0]["field"] == "/text line 8"
    checked = await client.post(f"{address}/check", json={"text": SPEC + "fax: 1\n"})
    assert "fax" in [each["place"] for each in checked.json()["mistakes"] if not each["warning"]]
    await parts.specs.publish(
        "so-xd", SPEC + "phone: 0269 3823 100\n", author="an", reason="x", way=Way.CONSOLE, based_on=1
    )
    late = await client.put(address, json={"text": SPEC + "# late\n", "reason": "thử", "based_on": 1})
    assert (late.status_code, late.json()["type"]) == (409, "/problems/overtaken")
    back = await client.post("/v1/admin/agencies/so-xd/versions/1/rollback", json={"reason": "sai"})
    assert (back.json()["version"], back.json()["text"]) == (3, SPEC)
    versions = (await client.get("/v1/admin/agencies/so-xd/versions")).json()["items"]
    assert [each["version"] for each in versions] == [3, 2, 1]
    assert (await client.post("/v1/admin/agencies/so-xd/versions/9/rollback", json={"reason": "x"})).status_code == 404


async def test_streams_and_people_and_the_audit(client: httpx.AsyncClient, keys: ApiKeys, database: Database) -> None:
    client.headers.update(await all_of(keys))
    await store.ensure(database, [pulled_spec("so-tnmt")])
    assert (await client.post("/v1/admin/agencies/so-tnmt/streams/pull/pause")).status_code == 204
    agency = (await client.get("/v1/admin/agencies/so-tnmt")).json()
    assert [(each["kind"], each["state"]) for each in agency["streams"]] == [("pull", "paused")]
    assert (await client.post("/v1/admin/agencies/so-tnmt/streams/watch/pause")).status_code == 404
    listed = (await client.get("/v1/admin/agencies")).json()["items"]
    assert [(each["id"], each["health"]) for each in listed] == [("so-tnmt", "paused"), ("ubnd-pleiku", "well")]

    invited = await client.post("/v1/admin/people", json={"name": "binh", "role": "operator", "agencies": ["so-tnmt"]})
    assert invited.status_code == 201
    assert invited.headers["cache-control"] == "private, no-store"
    for wanted, field in (
        ({"name": "binh", "role": "viewer"}, "/name"),
        ({"name": "cuc", "role": "admin", "agencies": ["so-tnmt"]}, "/agencies"),
        ({"name": "cuc", "role": "viewer", "agencies": ["so-ma"]}, "/agencies/0"),
    ):
        refused = await client.post("/v1/admin/people", json=wanted)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, field)
    assert (await client.put("/v1/admin/people/binh", json={"role": "viewer"})).status_code == 204
    assert (await client.delete("/v1/admin/people/binh")).status_code == 204
    assert (await client.delete("/v1/admin/people/binh")).status_code == 404
    lines = (await client.get("/v1/admin/audit", params={"actor": "key:robot"})).json()["items"]
    assert [each["action"] for each in lines] == [
        "account.ended",
        "account.changed",
        "account.invited",
        "sync.pause",
    ]
    assert invited.json()["password"] not in str(lines)
    assert (await client.get("/v1/admin/audit/verdict")).json()["holds"] is True


async def test_how_an_agency_fares_is_told_as_the_overview_shows_it(
    client: httpx.AsyncClient, keys: ApiKeys, database: Database
) -> None:
    client.headers.update(await all_of(keys))
    await store.ensure(database, [pulled_spec("so-tnmt")])
    for change in (
        "UPDATE stream SET last_succeeded_at = now(), covered_until = now() - interval '2 hours'",
        "INSERT INTO gate (agency, calls_today, day) VALUES ('so-tnmt', 17, '2026-11-26')",
        "INSERT INTO quarantine (agency, digest, channel, reason, message, raw)"
        " VALUES ('so-tnmt', '1', 'pull', 'bad_value', 'm', 'r')",
        "INSERT INTO health_hour (agency, hour, well, failed, withheld, received, changed, lag_seconds)"
        " VALUES ('so-tnmt', date_trunc('hour', now(), 'UTC'), 1, 1, 0, 0, 0, 0)",
    ):
        await database.reads.execute(change)
    one = (await client.get("/v1/admin/agencies/so-tnmt")).json()
    [listed] = [each for each in (await client.get("/v1/admin/agencies")).json()["items"] if each["id"] == "so-tnmt"]
    assert listed["figures"].keys() == one["figures"].keys()
    figures = listed["figures"]
    assert (figures["calls_today"], figures["calls_day"], figures["quarantined"]) == (17, "2026-11-26", 1)
    assert 7_100 < figures["lag_seconds"] < 100_000
    assert figures["last_succeeded_at"]
    assert (figures["compared_at"], figures["drift_percent"]) == (None, None)
    assert len(figures["hours"]) == 48
    assert {"mixed", "unknown"} == {each["state"] for each in figures["hours"]}


async def test_the_audit_is_filtered_and_exported(client: httpx.AsyncClient, keys: ApiKeys, database: Database) -> None:
    client.headers.update(await all_of(keys))
    for number in range(4):
        bind_correlation(f"job-{number % 2}")
        async with database.begin() as connection:
            await note(connection, actor="an", action="tried", target="so-tnmt", detail={"n": number})
    asked = {"correlation_id": "job-1", "actor": "an"}
    lines = (await client.get("/v1/admin/audit", params=asked)).json()["items"]
    assert [each["detail"] for each in lines] == [{"n": 3}, {"n": 1}]
    told = await client.get("/v1/admin/audit/export", params=asked)
    rows = [json.loads(row) for row in told.text.splitlines()]
    assert told.headers["content-type"] == "application/x-ndjson"
    assert told.headers["cache-control"] == "no-store"
    assert [row["line"] for row in rows] == [each["line"] for each in reversed(lines)]
    assert [row["detail"] for row in rows] == [{"n": 1}, {"n": 3}]
    since = {"since": "2999-01-01T00:00:00+07:00"}
    assert (await client.get("/v1/admin/audit/export", params=asked | since)).text == ""
    for address in ("/v1/admin/audit", "/v1/admin/audit/export"):
        assert (await client.get(address, params={"correlation_id": "\0"})).status_code == 400


async def test_a_part_of_the_past_is_ordered_and_seen(
    client: httpx.AsyncClient, keys: ApiKeys, database: Database
) -> None:
    client.headers.update(await all_of(keys))
    address = "/v1/admin/agencies/so-tnmt/backfill"
    wanted = {"since": "2025-01-01T00:00:00+07:00", "until": "2025-07-01T00:00:00+07:00"}
    assert (await client.post(address, json=wanted)).status_code == 404, "it is not read for that yet"
    await store.ensure(database, [pulled_spec("so-tnmt")], ["backfill"])
    for wrong, field in (
        (wanted | {"until": wanted["since"]}, "/until"),
        ({"since": "2999-01-01T00:00:00+07:00"}, "/since"),
        ({"since": 1735689600}, "/since"),
        ({}, "/since"),
    ):
        refused = await client.post(address, json=wrong)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, field)
    assert (await client.post(address, json=wanted)).status_code == 204
    [line] = (await client.get("/v1/admin/audit")).json()["items"][:1]
    assert (line["action"], line["target"]) == ("sync.backfill", "so-tnmt backfill")
    assert line["detail"]["wanted"]["since"] == "2024-12-31T17:00:00+00:00"
    again = await client.post(address, json=wanted)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/under-way"), "nobody has begun with the first"
    days = [f"2025-01-0{day}T00:00:00Z" for day in (1, 4, 5)]
    at_work = dict(zip(("since", "read_back_to", "until"), days, strict=True)) | {
        "rows": 7,
        "total": None,
        "ended": False,
    }
    told = json.dumps(at_work | {"after": {"window": None, "past": {}, "paused": False}})
    await database.reads.execute("UPDATE stream SET past = $1", told)
    [stream] = (await client.get("/v1/admin/agencies/so-tnmt")).json()["streams"]
    assert (stream["past"]["rows"], stream["past"]["share"], stream["past"]["ended"]) == (7, 0.25, False)
    assert (stream["past"]["after"]["rows"], stream["past"]["after"]["since"]) == (0, None), "then all of the past"


async def test_a_secret_is_set_and_never_told(client: httpx.AsyncClient, keys: ApiKeys) -> None:
    client.headers.update(await all_of(keys))
    address = "/v1/admin/secrets/so-xd-khoa"
    body = {"value": "rất bí mật", "expires_at": "2027-01-31T00:00:00+07:00"}
    kept = await client.put(address, json=body)
    assert (kept.status_code, kept.json()["place"], "bí mật" in kept.text) == (200, "database", False)
    listed = await client.get("/v1/admin/secrets")
    [found] = [each for each in listed.json()["items"] if each["name"] == "so-xd-khoa"]
    assert (found["place"], found["set_by"], found["expires_at"]) == ("database", "key:robot", "2027-01-30T17:00:00Z")
    assert "bí mật" not in listed.text
    assert found["previous_until"] is None
    assert (await client.put(address, json={"value": "mới", "overlap_hours": 24})).status_code == 200
    for wrong in (2161, -1, False, "24"):
        assert (await client.put(address, json={"value": "mới", "overlap_hours": wrong})).status_code == 400
    listed = await client.get("/v1/admin/secrets")
    assert [each["previous_until"] is not None for each in listed.json()["items"] if each["name"] == "so-xd-khoa"] == [
        True
    ]
    assert (await client.delete(address)).status_code == 204
    assert (await client.delete(address)).status_code == 404


async def test_alerts_are_listed_and_silenced_and_told(
    client: httpx.AsyncClient, keys: ApiKeys, database: Database
) -> None:
    client.headers.update(await all_of(keys))
    await database.reads.execute(
        "INSERT INTO alert (kind, agency, what, opened_at) VALUES ('down', 'so-tnmt', '', now())"
    )
    await database.reads.execute(
        "INSERT INTO alert (kind, agency, what, opened_at, resolved_at, detail) VALUES"
        """ ('api_key', '', 'cong', now(), now(), '{"ends_at": "2026-12-31T00:00:00+07:00"}')"""
    )
    wanted = {"kind": "down", "hours": 4, "why": "bảo trì"}
    assert (await client.post("/v1/admin/agencies/so-tnmt/alerts/silences", json=wanted)).status_code == 204
    assert (await client.post("/v1/admin/agencies/so-ma/alerts/silences", json=wanted)).status_code == 404
    told = (await client.get("/v1/admin/alerts")).json()
    [one], [over], [silence] = told["open"], told["resolved"], told["silences"]
    assert (one["kind"], one["silenced"], one["path"]) == ("down", True, "/admin/agencies/so-tnmt")
    assert over["title_en"] == "The API key cong ends 31/12/2026"
    assert (silence["agency"], silence["kind"], silence["made_by"]) == ("so-tnmt", "down", "key:robot")
    address = f"/v1/admin/alerts/silences/{silence['id']}"
    limited = await keys.create("cua-so", scopes=[LOOK, OPERATE], agencies=["ubnd-pleiku"], actor="test")
    assert (await client.delete(address, headers={"X-Api-Key": limited})).status_code == 404
    assert (await client.get("/v1/admin/alerts", headers={"X-Api-Key": limited})).json()["open"] == []
    assert (await client.delete(address)).status_code == 204
    made = await client.post("/v1/admin/alerts/recipients/webhook", json={"address": "http://127.0.0.1:1/hook"})
    assert made.json()["secret"].startswith("whsec_")
    [hook] = (await client.get("/v1/admin/alerts/recipients")).json()["items"]
    assert (hook["way"], hook["shown"], hook["enabled"]) == ("webhook", "http://127.0.0.1:1/hook", True)
    assert (await client.post(f"/v1/admin/alerts/recipients/{hook['id']}/test")).status_code == 204
    assert (await client.delete(f"/v1/admin/alerts/recipients/{hook['id']}")).status_code == 204
    assert (await client.delete(f"/v1/admin/alerts/recipients/{hook['id']}")).status_code == 404


async def test_a_key_is_made_replaced_and_ended(client: httpx.AsyncClient, keys: ApiKeys) -> None:
    client.headers.update(await all_of(keys))
    wanted = {
        "name": "cong",
        "scopes": ["dossiers:read"],
        "agencies": ["so-tnmt"],
        "expires_at": "2099-01-01T00:00:00Z",
    }
    made = await client.post("/v1/admin/keys", json=wanted)
    assert (made.status_code, made.headers["cache-control"]) == (201, "private, no-store")
    for wrong, field in (
        ({}, "/name"),
        ({"name": "khac", "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"name": "khac", "expires_at": "9999-12-31T23:59:59-12:00"}, "/expires_at"),
        ({"name": "khac", "agencies": ["so-ma"]}, "/agencies/0"),
        ({"name": "khac", "scopes": ["admin:audit"]}, "/agencies"),
        ({"name": "khac", "scopes": ["everything"]}, "/scopes/0"),
    ):
        refused = await client.post("/v1/admin/keys", json=wanted | wrong)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, field)
    listed = await client.get("/v1/admin/keys")
    [found] = [each for each in listed.json()["items"] if each["name"] == "cong"]
    assert (found["scopes"], found["agencies"], found["revoked_at"]) == (["dossiers:read"], ["so-tnmt"], None)
    address = f"/v1/admin/keys/{found['id']}"
    for overlap in (2161, -1, False, "24"):
        assert (await client.post(f"{address}/rotation", json={"overlap_hours": overlap})).status_code == 400
    replaced = await client.post(f"{address}/rotation", json={"overlap_hours": 2.0})
    for each in (made, replaced):
        assert (await keys.caller(each.json()["key"])).name == "cong"
        assert each.json()["key"] not in (await client.get("/v1/admin/audit")).text + listed.text
    assert (await client.post(f"{address}/rotation", json={})).status_code == 404, "it was replaced already"
    assert (await client.delete(address)).status_code == 204
    assert (await client.delete(address)).status_code == 404
    assert await keys.holder(made.json()["key"]) is None


def test_the_scopes_that_are_published_are_those_there_are() -> None:
    assert get_args(ScopeName) == tuple(Scope)
    assert get_args(RoleName) == tuple(Role)


async def test_who_is_in_is_seen_and_put_out(
    client: httpx.AsyncClient, keys: ApiKeys, database: Database, registry: Registry, vault: Vault
) -> None:
    client.headers.update(await all_of(keys))
    sign_in, app = SignIn(database, vault), FastAPI()
    app.include_router(console(database, registry, sign_in, vault))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as browser:
        await enrolled(browser, sign_in)
        [found] = (await client.get("/v1/admin/sessions")).json()["items"]
        assert (found["name"], browser.cookies["hub_admin"] in str(found)) == ("an", False)
        assert (await browser.get("/admin")).status_code == 200
        assert (await client.delete(f"/v1/admin/sessions/{found['id']}")).status_code == 204
        assert (await browser.get("/admin")).headers["location"] == "/admin/sign-in"
        assert (await client.delete(f"/v1/admin/sessions/{found['id']}")).status_code == 404
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as browser:
        await enrolled(browser, sign_in, "binh")
        cookie = {"Cookie": f"hub_admin={browser.cookies['hub_admin']}", "X-Api-Key": ""}
        assert (await client.get("/v1/admin/people", headers=cookie)).status_code == 401, "the pages' cookie is no key"
