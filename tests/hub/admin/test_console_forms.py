"""Forms of the console: none is taken from another site, and what is done by them is in the audit, whoever does it."""

import httpx
from fastapi import APIRouter

from hub.access.roles import Role
from hub.access.sign_in import SignIn
from hub.db import Database
from hub.registry import Registry
from hub.streams import store
from tests.hub.admin.test_people import OPEN, pages
from tests.keepers import enrolled


async def test_no_form_whatever_is_taken_from_another_site(
    routes: APIRouter, client: httpx.AsyncClient, sign_in: SignIn, database: Database
) -> None:
    await enrolled(client, sign_in)
    posts = [path for method, path in pages(routes) if method == "POST"]
    assert len(posts) > 20
    before = await database.reads.fetchval("SELECT count(*) FROM audit")
    for path in posts:
        address = path.format(agency="so-tnmt", kind="pull", number=1)
        answer = await client.post(address, headers={"Sec-Fetch-Site": "cross-site"}, follow_redirects=False)
        # What is on the way in has nothing to lose: it is shown its first page again.
        assert answer.status_code == 403 or path in OPEN, path
        assert "hub_admin" not in answer.headers.get("set-cookie", ""), path
    assert await database.reads.fetchval("SELECT count(*) FROM audit") == before
    assert (await client.get("/admin", follow_redirects=False)).status_code == 200, "nor was anybody signed out"


async def test_who_keeps_one_agency_is_in_the_audit_like_all(
    client: httpx.AsyncClient, sign_in: SignIn, database: Database, registry: Registry
) -> None:
    await store.ensure(database, [spec for spec in registry if spec.id == "so-tnmt"])
    await enrolled(client, sign_in)
    await enrolled(client, sign_in, "binh", Role.OPERATOR, agencies=["so-tnmt"])
    silence = {"agency": "so-tnmt", "kind": "", "hours": "4", "why": "bảo trì"}
    for address in ("so-tnmt/pull/pause", "so-tnmt/pull/resume", "ubnd-pleiku/pull/pause"):
        await client.post(f"/admin/agencies/{address}")
    await client.post("/admin/alerts/silence", data=silence)
    await client.post("/admin/alerts/silences/1/end")
    found = await database.reads.fetch("SELECT action, target FROM audit WHERE actor = 'person:binh' ORDER BY id")
    assert [tuple(line) for line in found if not line["action"].startswith(("account", "session"))] == [
        ("sync.pause", "so-tnmt pull"),
        ("sync.resume", "so-tnmt pull"),
        ("alert.silenced", "so-tnmt"),
        ("alert.silence_ended", "so-tnmt"),
    ]
