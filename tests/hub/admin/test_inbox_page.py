"""Deliveries on pages: found, shown masked, opened for a reason, tried out and read again."""

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from hub.access.roles import Role
from hub.access.sign_in import SignIn
from hub.access.tables import audit
from hub.db import Database
from hub.index.tables import dossier
from hub.intake.refusals import Refusals
from hub.registry import Registry
from hub.vault import Vault
from tests.hub.intake.senders import CODE, DATA, EVENT, Sender, sending
from tests.keepers import app_of, console, enrolled, visitor
from tests.parts import STATUSES, pushing_spec, registry_of

NAME, WHY = "Nguyễn Thị Ánh", "cơ quan báo thiếu ngày hẹn"
UNKNOWN: dict[str, Any] = {**EVENT, "data": {**DATA, "status": "LA", "applicant": {"name": NAME}, "note": "riêng tư"}}


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    """Of the word that is sent the sender's registry knows nothing yet."""
    mapped = pushing_spec(statuses=STATUSES | {"LA": "5"})
    async with registry_of(mapped, pushing_spec("so-yt")) as built:
        yield built


@pytest.fixture
async def sender(database: Database, vault: Vault) -> AsyncIterator[Sender]:
    refusals = Refusals(vault)
    async with (
        registry_of(pushing_spec(), pushing_spec("so-yt")) as before,
        sending(database, vault, before, refusals) as one,
    ):
        await one.post(UNKNOWN, "m1")
        await one.post({**EVENT, "data": {**DATA, "code": f"{CODE}2"}}, "m2")
        await one.post_signed(b"{}", one.sign(b""))
        await refusals.flush(database)
        yield one


@pytest.fixture
def app(database: Database, vault: Vault, registry: Registry, sender: Sender) -> FastAPI:
    return app_of(console(database, registry, SignIn(database, vault), vault))


@pytest.fixture
async def client(client: httpx.AsyncClient, sign_in: SignIn) -> httpx.AsyncClient:
    await enrolled(client, sign_in)
    return client


async def listed(client: httpx.AsyncClient, **asked: str) -> tuple[str, list[str]]:
    """The page, and the addresses of the events on it."""
    page = await client.get("/admin/inbox", params={"agency": "ubnd-pleiku", **asked})
    assert page.status_code == 200
    return unescape(page.text), re.findall(r'href="(/admin/agencies/ubnd-pleiku/inbox/\d+)"', page.text)


async def status_of(database: Database) -> int | None:
    async with database.begin() as connection:
        status = (await connection.execute(select(dossier.c.status).where(dossier.c.code == CODE))).scalar_one()
        return None if status is None else int(status)


async def test_all_that_came_is_found_and_what_was_refused(client: httpx.AsyncClient) -> None:
    page, events = await listed(client)
    assert len(events) == 2
    assert "có phần chưa hiểu" in page and "bad_signature" in page
    assert "webhook-signature: không khớp khóa nào của cơ quan này" in page and "webhook-timestamp: " in page
    page, events = await listed(client, state="quarantined")
    assert len(events) == 1 and "m1" in page and "m2" not in page
    assert (await listed(client, since="2999-01-01T00:00"))[1] == []
    assert (await client.get("/admin/inbox?since=hôm-qua")).status_code == 422
    english = (await client.get("/admin/inbox?lang=en")).text
    assert "Webhooks in" in english and "in part not understood" in english


async def test_people_are_masked_until_there_is_a_reason_and_the_audit_has_it(
    client: httpx.AsyncClient, database: Database
) -> None:
    _, [event] = await listed(client, state="quarantined")
    page = unescape((await client.get(event)).text)
    for shown in ("webhook-timestamp", CODE, "LA", "dossier.updated", "/data/status"):
        assert shown in page
    assert NAME not in page and "riêng tư" not in page
    short = await client.post(f"{event}/open", data={"why": "."})
    assert short.status_code == 422 and NAME not in unescape(short.text)
    opened = await client.post(f"{event}/open", data={"why": WHY})
    assert NAME in unescape(opened.text)
    async with database.begin() as connection:
        noted = (await connection.execute(select(audit).where(audit.c.action == "delivery.opened"))).mappings().one()
    assert (noted["target"], noted["detail"]["why"], noted["detail"]["webhook_id"]) == ("ubnd-pleiku", WHY, "m1")


@pytest.mark.parametrize("by_filter", [False, True])
async def test_it_is_tried_out_and_then_read_again(
    client: httpx.AsyncClient, database: Database, by_filter: bool
) -> None:
    _, [event] = await listed(client, state="quarantined")
    address = "/admin/agencies/ubnd-pleiku/inbox/replay" if by_filter else f"{event}/replay"
    form = {"state": "quarantined", "since": ""} if by_filter else {}
    tried = unescape((await client.post(address, data=form | {"do": "try"})).text)
    assert "Chưa có gì thay đổi" in tried and "Yêu cầu bổ sung" in tried
    assert await status_of(database) is None
    done = unescape((await client.post(address, data=form | {"do": "read"})).text)
    assert "Đã đọc lại" in done
    assert await status_of(database) == 5
    assert (await listed(client, state="quarantined"))[1] == []
    async with database.begin() as connection:
        noted = (
            await connection.execute(select(audit.c.detail).where(audit.c.action == "inbox.replayed"))
        ).scalar_one()
    assert noted["events"] == 1


async def test_who_keeps_one_agency_sees_and_reads_no_other(
    app: FastAPI, client: httpx.AsyncClient, database: Database, vault: Vault
) -> None:
    _, [event] = await listed(client, state="quarantined")
    async with visitor(app, follow_redirects=True) as other:
        await enrolled(other, SignIn(database, vault), "binh", Role.OPERATOR, ["so-yt"])
        page = await other.get("/admin/inbox?agency=ubnd-pleiku")
        assert "m1" not in page.text and "ubnd-pleiku" not in page.text
        assert (await other.get(event)).status_code == 403
        assert (await other.post("/admin/agencies/ubnd-pleiku/inbox/replay", data={"do": "read"})).status_code == 403
        # Under another agency's name it is not there.
        assert (await other.get(event.replace("ubnd-pleiku", "so-yt"))).status_code == 404
    async with visitor(app, follow_redirects=True) as looker:
        await enrolled(looker, SignIn(database, vault), "chi", Role.VIEWER)
        assert "Đọc lại" not in unescape((await looker.get(event)).text)
        assert (await looker.post(f"{event}/replay", data={"do": "read"})).status_code == 403
        assert (await looker.post(f"{event}/open", data={"why": WHY})).status_code == 403


async def test_an_id_that_came_with_two_bodies_shows_both(client: httpx.AsyncClient, sender: Sender) -> None:
    assert (await sender.post({**UNKNOWN, "data": {**UNKNOWN["data"], "status": "XONG"}}, "m1")).status_code == 409
    _, [event] = await listed(client, state="quarantined")
    page = unescape((await client.get(event)).text)
    assert "Đến sau dưới cùng id" in page and "XONG" in page
