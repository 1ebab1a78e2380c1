"""Who shows a key sees what its agency has sent, and why some of it was refused; nobody else does."""

import base64
import hashlib
import hmac
import html
import time

import httpx
import pytest

from hub.access.scopes import Scope
from hub.developers import sessions
from hub.developers.sessions import Sessions
from hub.main import Hub
from hub.sandbox.sandbox import Sandbox
from hub.vault import Vault
from tests.hub.intake.senders import SECRET
from tests.hub.sandbox.developers import Developer
from tests.parts import deliver, pushing_spec

CODE = "H21.99-261126-0001"


async def shown(client: httpx.AsyncClient, key: str, query: str = "?lang=en") -> str:
    entered = await client.post("/developers/calls", data={"key": key, "lang": "en"})
    assert entered.status_code == 303, entered.text
    assert key not in str(entered.headers)
    page = await client.get("/developers/calls" + query)
    assert page.headers["Cache-Control"] == "no-store"
    return html.unescape(page.text)


async def test_what_was_sent_and_what_became_of_it(client: httpx.AsyncClient, developer: Developer) -> None:
    await developer.push(status="DANG_XU_LY", applicant={"name": "Nguyễn Thị Ánh"})
    await developer.push("msg_2", status="TỪ LẠ")
    await developer.push("msg_1", status="XONG")
    page = await shown(client, developer.given.key)
    assert developer.given.agency in page
    assert "dossier.created" in page and f"{CODE}: – → 4" in page
    assert "Nguyễn Thị Ánh" in page and "webhook-timestamp:" in page
    assert "in part not understood" in page and "TỪ LẠ" in page
    assert "The same id came with other content 1 time(s)" in page


async def test_why_a_call_was_refused(client: httpx.AsyncClient, sandbox: Sandbox, developer: Developer) -> None:
    signature = hmac.digest(developer.given.secret.encode(), b"whatever", hashlib.sha256)
    await developer.push("msg_1", signature="v1," + base64.b64encode(signature).decode())
    await sandbox.refusals.flush(sandbox.database)
    page = await shown(client, developer.given.key)
    assert "bad_signature" in page
    assert "Sign <code>id.timestamp.body</code>" in page
    assert "matches none of this agency's keys" in page
    in_vietnamese = await shown(client, developer.given.key, "")
    assert "không khớp khóa nào của cơ quan này" in in_vietnamese
    assert "matches none" not in in_vietnamese and "the raw body" not in in_vietnamese


async def test_the_mistake_itself_is_told(client: httpx.AsyncClient, sandbox: Sandbox, developer: Developer) -> None:
    body, stamp = b'{"type": "dossier.updated"}', str(int(time.time()))
    # The secret was taken for the key.
    digest = hmac.digest(developer.given.secret.encode(), f"msg_1.{stamp}.".encode() + body, hashlib.sha256)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": stamp}
    headers["webhook-signature"] = "v1," + base64.b64encode(digest).decode()
    refused = await client.post(f"/sandbox/v1/webhooks/{developer.given.agency}", content=body, headers=headers)
    assert refused.status_code == 401
    await sandbox.refusals.flush(sandbox.database)
    assert "The secret was used as text" in await shown(client, developer.given.key)


async def test_an_agency_in_earnest_is_seen_with_its_own_key(client: httpx.AsyncClient, hub: Hub) -> None:
    await deliver(hub.database, hub.vault, pushing_spec(), "msg_7", code=CODE, occurred_at="2026-11-25T08:00:00+07:00")
    key = await hub.keys.create("it", scopes=[Scope.DELIVERIES_READ], agencies=["ubnd-pleiku"], actor="test")
    assert "msg_7" in await shown(client, key)
    everywhere = await hub.keys.create("all", scopes=[Scope.DELIVERIES_READ], actor="test")
    assert "msg_7" in await shown(client, everywhere, "?agency=ubnd-pleiku")
    elsewhere = await hub.keys.create("other", scopes=[Scope.DELIVERIES_READ], agencies=["so-yt"], actor="test")
    assert "msg_7" not in await shown(client, elsewhere, "?agency=ubnd-pleiku")
    assert SECRET not in await shown(client, key)


async def test_who_has_no_such_key_sees_nothing(client: httpx.AsyncClient, hub: Hub, developer: Developer) -> None:
    await developer.push(status="DANG_XU_LY")
    other = await hub.keys.create("portal", scopes=[Scope.DOSSIERS_READ], actor="test")
    for key in ("", "ghk_nonsense", other):
        refused = await client.post("/developers/calls", data={"key": key})
        assert refused.status_code == 403
        assert "hub_calls" not in refused.cookies
    client.cookies.set("hub_calls", "bm9uc2Vuc2U=", path="/developers/calls")
    assert "msg_1" not in (await client.get("/developers/calls")).text
    assert (await client.post("/developers/calls", content=b"\xff" * 5000)).status_code == 403


async def test_the_cookie_is_for_this_page_and_ends(
    client: httpx.AsyncClient, developer: Developer, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = await client.post("/developers/calls", data={"key": developer.given.key})
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and "path=/developers/calls" in cookie
    assert "max-age=1800" in cookie
    mine = Sessions(vault)
    made = mine.cookie("ghk_x")
    assert mine.key(made) == "ghk_x"
    later = time.time() + sessions.LIFETIME_SECONDS + 1
    monkeypatch.setattr("hub.developers.sessions.time.time", lambda: later)
    assert mine.key(made) is None


async def test_a_key_that_ended_shows_nothing_and_leaving_forgets_it(
    client: httpx.AsyncClient, hub: Hub, sandbox: Sandbox, developer: Developer
) -> None:
    await developer.push(status="DANG_XU_LY")
    assert "msg_1" in await shown(client, developer.given.key)
    await client.post("/developers/calls/leave")
    assert "msg_1" not in (await client.get("/developers/calls")).text
    await shown(client, developer.given.key)
    # Another key of the same name ends it.
    await sandbox.keys.create(developer.given.agency, scopes=[], agencies=[], actor="test")
    assert "msg_1" not in (await client.get("/developers/calls")).text
