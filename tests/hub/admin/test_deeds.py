"""Who did what to an agency is seen by whoever may look at it; of others, and of people and keys, they see nothing."""

import re

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from hub.access.audit import note
from hub.access.keys import ApiKeys
from hub.access.roles import Role
from hub.access.scopes import Scope
from hub.access.sign_in import SignIn
from hub.admin import agencies_api, people_api
from hub.admin.words import ACTIONS
from hub.db import Database
from hub.registry import Registry
from hub.vault import Vault
from tests.keepers import app_of, enrolled, spec_parts, visitor

OURS, OTHERS = "so-tnmt", "ubnd-pleiku"
#: What is done to an agency; and to people, keys, secrets, recipients and the hub.
OF_AN_AGENCY = {"agencies", "alert", "call", "delivery", "draft", "inbox", "quarantine", "shadow", "spec", "sync"}
OF_ELSE = {
    *("account", "alert_recipient", "api_key", "documents", "mail", "secret", "secrets", "session", "specs"),
    "subscription",
}
OF_AGENCIES = {each for each in ACTIONS if each.partition(".")[0] in OF_AN_AGENCY}


def test_of_each_kind_of_action_it_is_known_whom_it_concerns() -> None:
    assert {each.partition(".")[0] for each in ACTIONS} == OF_AN_AGENCY | OF_ELSE


@pytest.fixture
def app(routes: APIRouter, database: Database, vault: Vault, registry: Registry) -> FastAPI:
    parts = spec_parts(database, registry, vault)
    return app_of(routes, agencies_api.router(database, registry, ApiKeys(database), parts))


async def done(database: Database, *targets: str | None, action: str) -> None:
    """By somebody who is called after what was done, and whom."""
    async with database.begin() as connection:
        for target in targets:
            who = f"ai:{action}:{(target or 'none').replace(' ', '+')}"
            await note(connection, actor=who, action=action, target=target, detail={"why": "không ai đọc"})


def told(page: str) -> set[tuple[str, str]]:
    return set(re.findall(r"ai:([a-z_.]+):([a-z+-]+)", page))


async def test_who_keeps_one_agency_sees_what_was_done_to_it_and_nothing_else(
    client: httpx.AsyncClient, sign_in: SignIn, database: Database
) -> None:
    """Nor what was done to somebody, or a key or secret, of an agency's name."""
    await enrolled(client, sign_in)
    await enrolled(client, sign_in, "binh", Role.OPERATOR, agencies=[OURS])
    key = await ApiKeys(database).create("robot", scopes=[Scope.ADMIN_LOOK], agencies=[OURS], actor="test")
    all_seen = set()
    for action in sorted(ACTIONS):
        ours = [f"{OURS} pull", f"{OURS} watch"] if action.startswith("sync.") else [OURS]
        await done(database, *ours, OTHERS, f"{OTHERS} pull", f"{OURS}-2", f"x-{OURS}", "an", None, action=action)
        seen = {(action, each.replace(" ", "+")) for each in ours} if action in OF_AGENCIES else set()
        all_seen |= seen
        for address in ("/admin", f"/admin/agencies/{OURS}"):
            page = (await client.get(address)).text
            assert seen <= told(page) <= all_seen, address
            assert "không ai đọc" not in page
            assert "/admin/audit" not in page
    answer = await client.get(f"/v1/admin/agencies/{OURS}/history?limit=200", headers={"X-Api-Key": key})
    assert told(answer.text) == all_seen
    assert len(all_seen) > 20
    assert all(set(each) == {"at", "actor", "action", "target"} for each in answer.json()["items"])


async def test_whoever_looks_at_all_agencies_sees_what_was_done_to_them_and_an_auditor_the_rest(
    client: httpx.AsyncClient, sign_in: SignIn, database: Database
) -> None:
    await enrolled(client, sign_in)
    await done(database, "binh", action="account.changed")
    await done(database, OURS, OTHERS, action="spec.published")
    published = {("spec.published", OURS), ("spec.published", OTHERS)}
    assert told((await client.get("/admin")).text) == published | {("account.changed", "binh")}
    page = (await client.get(f"/admin/agencies/{OTHERS}")).text
    assert told(page) == {("spec.published", OTHERS)}
    assert f'href="/admin/audit?agency={OTHERS}"' in page
    await enrolled(client, sign_in, "cuc", Role.VIEWER)
    page = (await client.get("/admin")).text
    assert told(page) == published
    assert "/admin/audit" not in page


async def test_the_latest_come_first_and_no_more_than_are_read(
    client: httpx.AsyncClient, sign_in: SignIn, database: Database
) -> None:
    await enrolled(client, sign_in)
    await done(database, OURS, action="draft.saved")
    for _ in range(40):
        await done(database, OURS, action="spec.published")
    await done(database, OURS, action="spec.rolled_back")
    page = (await client.get(f"/admin/agencies/{OURS}")).text
    assert page.index("ai:spec.rolled_back") < page.index("ai:spec.published")
    assert "ai:draft.saved" not in page
    key = await ApiKeys(database).create("robot", scopes=[Scope.ADMIN_LOOK], actor="test")
    client.headers["X-Api-Key"] = key
    items = (await client.get(f"/v1/admin/agencies/{OURS}/history?limit=50")).json()["items"]
    assert [items[0]["action"], items[-1]["action"], len(items)] == ["spec.rolled_back", "draft.saved", 42]
    assert (await client.get("/v1/admin/agencies/so-nowhere/history")).status_code == 404


async def test_the_audit_of_an_agency_has_what_was_done_to_its_streams(
    client: httpx.AsyncClient, sign_in: SignIn, database: Database, registry: Registry
) -> None:
    await done(database, OURS, f"{OURS} pull", OTHERS, f"{OTHERS} pull", action="sync.pause")
    await done(database, OURS, action="account.invited")
    await enrolled(client, sign_in)
    page = (await client.get(f"/admin/agencies/{OURS}")).text
    assert f'href="/admin/audit?agency={OURS}"' in page
    seen = {("sync.pause", OURS), ("sync.pause", f"{OURS}+pull")}
    assert told((await client.get(f"/admin/audit?agency={OURS}")).text) == seen
    assert told((await client.get(f"/admin/audit/export?agency={OURS}")).text) == seen
    app = app_of(people_api.router(database, registry, ApiKeys(database), sign_in))
    key = await ApiKeys(database).create("robot", scopes=[Scope.ADMIN_AUDIT], actor="test")
    async with visitor(app) as program:
        program.headers["X-Api-Key"] = key
        for path in ("", "/export"):
            assert told((await program.get(f"/v1/admin/audit{path}", params={"agency": OURS})).text) == seen
