"""What came in, as people see it; reading it again; how long it is kept; and what is kept of refused calls."""

import asyncio
import json
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, text

from contracts.agency import AgencySpec
from hub import problems
from hub.access.keys import ApiKeys
from hub.access.scopes import Scope
from hub.access.tables import audit
from hub.db import Database
from hub.index.tables import change, dossier
from hub.intake import keeping
from hub.intake.deliveries import _AGENCIES, _LATEST, Deliveries
from hub.intake.delivery_routes import router
from hub.intake.inbox import Inbox
from hub.intake.refusals import KEPT_CALLS, Refusals
from hub.intake.replay import Chosen, Replayed, replay
from hub.intake.tables import inbox, inbox_conflict, refused_call
from hub.quarantine.replay import replay as replay_quarantine
from hub.quarantine.tables import quarantine
from hub.registry import Registry
from hub.vault import Vault
from tests.hub.index.plans.plan import assert_cheap
from tests.hub.intake.senders import CODE, DATA, EVENT, Sender, count, sending
from tests.parts import STATUSES, pushing_spec, registry_of

UNKNOWN: dict[str, Any] = {**EVENT, "data": {**DATA, "status": "Chờ xác minh"}}


def mapped() -> AgencySpec:
    return pushing_spec(statuses=STATUSES | {"Chờ xác minh": "5"})


@pytest.fixture
def deliveries(database: Database, vault: Vault) -> Deliveries:
    return Deliveries(database, vault)


async def test_an_event_is_shown_as_it_was_sent_with_what_it_changed(sender: Sender, deliveries: Deliveries) -> None:
    await sender.post(id="m1")
    other = {**EVENT, "data": {**DATA, "status": "XONG"}}
    await sender.post(other, "m1")
    sent = await deliveries.one("ubnd-pleiku", "m1")
    assert sent
    assert (sent.state, sent.attempts, sent.problems) == ("applied", 1, [])
    assert json.loads(sent.body or "") == EVENT
    assert sent.headers
    assert sent.headers["webhook-id"] == "m1"
    assert [(each.code, each.type, each.status_after) for each in sent.changes] == [(CODE, "dossier.created", "4")]
    assert [json.loads(each) for each in sent.other_bodies] == [other]
    assert await deliveries.one("ubnd-pleiku", "m2") is None
    assert await deliveries.one("so-yt", "m1") is None


async def test_the_latest_in_detail_are_as_each_by_itself(
    sender: Sender, deliveries: Deliveries, database: Database
) -> None:
    await sender.post(id="m1")
    await sender.post({**EVENT, "data": {**DATA, "status": "XONG"}}, "m1")
    await sender.post([{**EVENT, "id": f"e{n}", "data": {**DATA, "code": f"{CODE}{n}"}} for n in range(2)], "list_1")
    await sender.post(UNKNOWN, "unknown")
    found = await deliveries.latest_in_detail("ubnd-pleiku", most=3)
    assert [each.id for each in found] == ["unknown", "e1", "e0"]
    found = await deliveries.latest_in_detail("ubnd-pleiku", most=10)
    assert len(found) == 4
    assert found == [await deliveries.one("ubnd-pleiku", each.id) for each in found]
    assert [(each.place, len(json.loads(each.body or ""))) for each in found[1:3]] == [(1, 2), (0, 2)]
    assert await deliveries.latest_in_detail("so-yt", most=10) == []
    # A list itself is shown as its events.
    assert await deliveries.one("ubnd-pleiku", "list_1") is None


async def test_the_latest_come_first_by_filter_and_page(sender: Sender, deliveries: Deliveries) -> None:
    for number in range(5):
        await sender.post({**EVENT, "data": {**DATA, "code": f"{CODE}{number}"}}, f"m{number}")
    await sender.post(UNKNOWN, "unknown")
    listed = await deliveries.latest(["ubnd-pleiku"], most=4)
    assert [each.id for each in listed] == ["unknown", "m4", "m3", "m2"]
    rest = await deliveries.latest(None, before=listed[-1].number, most=4)
    assert [each.id for each in rest] == ["m1", "m0"]
    (found,) = await deliveries.latest(None, states=["quarantined"], most=4)
    assert found.problems[0].field == "/data/status"
    assert await deliveries.latest(["so-yt"], most=4) == []


async def again(database: Database, vault: Vault, spec: AgencySpec, **chosen: Any) -> list[Replayed]:
    dry_run = chosen.pop("dry_run", False)
    async with registry_of(spec) as registry:
        wanted = Chosen(spec.id, **chosen)
        intake = Inbox(database, vault, registry)
        return [each async for each in replay(database, intake, wanted, actor="test", dry_run=dry_run)]


async def test_the_latest_are_found_without_a_look_at_all_that_ever_came(database: Database, vault: Vault) -> None:
    async with database.begin() as connection:
        await connection.execute(
            text("""
                INSERT INTO inbox (agency, webhook_id, body_digest, state, received_at, correlation_id)
                SELECT CASE WHEN g % 10 = 0 THEN 'so-yt' ELSE 'ubnd-pleiku' END, g, '', 'applied',
                       now() - g * interval '1 s', g
                  FROM generate_series(1, 20000) g""")
        )
    for agencies in (None, ["so-yt", "ubnd-pleiku"]):
        shown = await Deliveries(database, vault).latest(agencies, most=50)
        assert [each.id for each in shown] == [str(number) for number in range(1, 51)]
    asking = await asyncpg.connect(database.url)
    try:
        await asking.execute("ANALYZE inbox")
        await assert_cheap(asking, _AGENCIES, pages=50, discarded=5)
        for agencies in (["so-yt"], ["so-yt", "ubnd-pleiku"]):
            await assert_cheap(asking, _LATEST, agencies, None, None, None, 50, pages=400, sorted=200)
    finally:
        await asking.close()


async def test_what_would_change_is_told_and_nothing_is_changed(
    sender: Sender, database: Database, vault: Vault
) -> None:
    await sender.post(UNKNOWN, "m1")
    before = await count(database, change)
    (would,) = await again(database, vault, mapped(), states=["quarantined"], dry_run=True)
    assert (would.before, would.outcome, would.problems) == ("quarantined", "applied", [])
    assert [(each.code, each.status_before, each.status_after) for each in would.changes] == [(CODE, None, 5)]
    assert await count(database, change) == before
    assert await count(database, audit) == 0
    async with database.begin() as connection:
        assert (await connection.execute(select(inbox.c.state))).scalar_one() == "quarantined"


async def test_once_mapped_it_is_read_again_and_leaves_the_quarantine(
    sender: Sender, database: Database, vault: Vault
) -> None:
    await sender.post(UNKNOWN, "m1")
    await sender.post([{**UNKNOWN, "id": "e1", "data": {**UNKNOWN["data"], "code": f"{CODE}1"}}], "list_1")
    done = await again(database, vault, mapped(), states=["quarantined"])
    assert [(each.webhook_id, each.outcome) for each in done] == [("m1", "applied"), ("e1", "applied")]
    async with database.begin() as connection:
        assert (await connection.execute(select(dossier.c.status))).scalars().all() == [5, 5]
        still = select(func.count()).select_from(quarantine).where(quarantine.c.resolved_at.is_(None))
        assert (await connection.execute(still)).scalar_one() == 0
        line = (await connection.execute(select(audit))).mappings().one()
    assert (line["action"], line["target"], line["detail"]["events"]) == ("inbox.replayed", "ubnd-pleiku", 2)
    # Once more does nothing, and says so.
    (same,) = await again(database, vault, mapped(), webhook_id="m1")
    assert (same.outcome, same.changes) == ("superseded", [])


async def test_what_was_read_again_is_shown_and_is_a_duplicate_as_ever(
    sender: Sender, database: Database, vault: Vault, deliveries: Deliveries
) -> None:
    await sender.post(UNKNOWN, "m1")
    await again(database, vault, mapped(), webhook_id="m1")
    shown = await deliveries.one("ubnd-pleiku", "m1")
    assert shown
    assert (shown.state, shown.problems) == ("applied", [])
    assert [each.status_after for each in shown.changes] == ["5"]
    # Read once more it changes nothing; what it changed before is still told.
    await again(database, vault, mapped(), webhook_id="m1")
    shown = await deliveries.one("ubnd-pleiku", "m1")
    assert shown
    assert shown.state == "applied"
    assert [each.status_after for each in shown.changes] == ["5"]
    repeated = await sender.post(UNKNOWN, "m1")
    assert (repeated.status_code, repeated.json()["duplicate"]) == (200, True)
    # As rows were left before.
    async with database.begin() as connection:
        await connection.execute(text("UPDATE inbox SET problems = 'null'"))
    assert (await sender.post(UNKNOWN, "m1")).status_code == 200
    assert await deliveries.latest(["ubnd-pleiku"], most=1)


async def test_an_old_event_read_again_turns_nothing_back(sender: Sender, database: Database, vault: Vault) -> None:
    await sender.post(UNKNOWN, "m1")
    newer = {**DATA, "status": "XONG", "occurred_at": "2026-11-23T09:00:00+07:00"}
    await sender.post({**EVENT, "data": newer}, "m2")
    (done,) = await again(database, vault, mapped(), webhook_id="m1")
    assert done.outcome == "superseded"
    async with database.begin() as connection:
        assert (await connection.execute(select(dossier.c.status))).scalar_one() == 9


async def test_what_the_quarantine_mends_is_mended_in_the_inbox(
    sender: Sender, database: Database, vault: Vault
) -> None:
    await sender.post(UNKNOWN, "m1")
    async with registry_of(mapped()) as registry:
        adapter = registry.adapter("ubnd-pleiku")
        assert adapter
        assert await replay_quarantine(database, adapter, vault) == 1
    async with database.begin() as connection:
        assert (await connection.execute(select(inbox.c.state, inbox.c.problems))).one() == ("applied", None)


async def test_what_was_kept_for_long_enough_is_reduced_to_its_digest(
    sender: Sender, database: Database, vault: Vault, deliveries: Deliveries
) -> None:
    await sender.post(id="m1")
    await sender.post({**UNKNOWN, "data": {**UNKNOWN["data"], "code": f"{CODE}3"}}, "m2")
    await sender.post([{**EVENT, "id": "e1", "data": {**DATA, "code": f"{CODE}1"}}], "list_1")
    await sender.post([{**UNKNOWN, "id": "e2", "data": {**UNKNOWN["data"], "code": f"{CODE}2"}}], "list_2")
    assert await keeping.reduce(database) == 0
    async with database.begin() as connection:
        await connection.execute(text("UPDATE inbox SET received_at = received_at - interval '181 days'"))
    assert await keeping.reduce(database) == 2
    gone = await deliveries.one("ubnd-pleiku", "m1")
    assert gone
    assert (gone.body, gone.headers, gone.state) == (None, None, "applied")
    # An id is unique for ever, and what is not settled can still be read again.
    assert (await sender.post(id="m1")).json()["duplicate"]
    assert (await sender.post({**EVENT, "data": {**DATA, "status": "XONG"}}, "m1")).status_code == 409
    (cannot,) = await again(database, vault, mapped(), webhook_id="m1")
    assert (cannot.outcome, cannot.problems[0].problem) == (None, "the bytes of this delivery are kept no more")
    done = await again(database, vault, mapped(), states=["quarantined"])
    assert [each.outcome for each in done] == ["applied", "applied"]


async def test_what_came_under_another_id_and_what_was_refused_is_not_kept_for_ever(
    sender: Sender, database: Database, refusals: Refusals, deliveries: Deliveries
) -> None:
    other = {**EVENT, "data": {**DATA, "status": "XONG"}}
    await sender.post(id="m1")
    assert (await sender.post(other, "m1")).status_code == 409
    await sender.post_signed(b"{}", sender.sign(b""))
    await refusals.flush(database)
    async with database.begin() as connection:
        await connection.execute(text("UPDATE inbox SET received_at = received_at - interval '181 days'"))
        await connection.execute(text("UPDATE inbox_conflict SET received_at = received_at - interval '181 days'"))
        await connection.execute(text("UPDATE refused_call SET at = at - interval '181 days'"))
    assert await keeping.reduce(database) == 2
    kept = await deliveries.one("ubnd-pleiku", "m1")
    assert kept
    assert (kept.body, kept.other_bodies) == (None, [])
    assert await count(database, refused_call) == 0
    # That there was another is known for ever, and the same again is no other.
    assert (await sender.post(other, "m1")).status_code == 409
    assert await count(database, inbox_conflict) == 1


async def test_of_refused_calls_the_last_are_kept_with_why(
    sender: Sender, database: Database, vault: Vault, refusals: Refusals, deliveries: Deliveries
) -> None:
    body = json.dumps(EVENT).encode()
    await sender.post_signed(body + b" ", sender.sign(body) | {"Authorization": "Bearer secret"})
    await refusals.flush(database)
    (kept,) = await deliveries.refused(["ubnd-pleiku"], most=10)
    call = kept.call
    assert (call.status, call.reason, call.problem.field) == (401, "bad_signature", "webhook-signature")
    assert kept.body == body + b" "
    assert call.headers["authorization"] == "…"
    for _ in range(KEPT_CALLS // 10 + 2):
        await asyncio.gather(*(sender.post_signed(b"{}" * 5000, sender.sign(b"")) for _ in range(10)))
        await refusals.flush(database)
    assert await count(database, refused_call) == KEPT_CALLS
    assert len((await deliveries.refused(["ubnd-pleiku"], most=1))[0].body) == 4096


async def test_who_is_refused_again_and_again_has_to_wait_and_others_do_not(
    sender: Sender, registry: Registry, database: Database
) -> None:
    other = httpx.ASGITransport(sender.app, client=("10.9.9.9", 1))
    statuses = [(await sender.post_signed(b"{}", sender.sign(b""))).status_code for _ in range(200)]
    assert statuses[:100] == [401] * 100
    assert statuses[-1] == 429
    refused = await sender.post()
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    async with httpx.AsyncClient(transport=other, base_url="http://hub") as client:
        assert (await Sender(client, sender.app).post()).status_code == 202


async def test_agencies_behind_one_gateway_do_not_wait_for_one_another(
    database: Database, vault: Vault, refusals: Refusals
) -> None:
    """All departments of a province may come from the address of its one gateway."""
    async with (
        registry_of(pushing_spec(), pushing_spec("so-yt")) as registry,
        sending(database, vault, registry, refusals) as sender,
    ):
        wrong = [(await sender.post_signed(b"{}", sender.sign(b""))).status_code for _ in range(200)]
        assert (wrong[-1], (await sender.post()).status_code) == (429, 429)
        assert (await sender.post(to="so-yt")).status_code == 202


async def test_a_network_of_ipv6_is_one_address(sender: Sender) -> None:
    async def post(host: str, body: bytes) -> int:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(sender.app, client=(host, 1)), base_url="http://hub"
        ) as client:
            one = Sender(client, sender.app)
            return (await one.post_signed(body, one.sign(b"{}"))).status_code

    for number in range(200):
        last = await post(f"2001:db8:1:1::{number:x}", b"[]")
    assert last == 429
    assert await post("2001:db8:1:1:ffff::1", b"{}") == 429
    assert await post("2001:db8:1:2::1", b"{}") == 400


@pytest.fixture
async def client(database: Database, deliveries: Deliveries) -> httpx.AsyncClient:
    app = FastAPI()
    problems.install(app)
    app.include_router(router(deliveries, ApiKeys(database)))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub")


async def test_developers_see_what_their_agency_has_sent_and_no_others(
    sender: Sender, database: Database, refusals: Refusals, client: httpx.AsyncClient
) -> None:
    await sender.post(UNKNOWN, "m1")
    await sender.post_signed(b"{}", sender.sign(b""))
    await refusals.flush(database)
    keys = ApiKeys(database)
    mine = await keys.create("dev", scopes=[Scope.DELIVERIES_READ], agencies=["ubnd-pleiku"], actor="test")
    theirs = await keys.create("dev-yt", scopes=[Scope.DELIVERIES_READ], agencies=["so-yt"], actor="test")
    other = await keys.create("portal", scopes=[Scope.DOSSIERS_READ], actor="test")
    address = "/v1/webhooks/ubnd-pleiku"
    for path in ("/deliveries", "/deliveries/m1", "/refused"):
        for key, status in ((mine, 200), (theirs, 403), (other, 403), ("", 401)):
            response = await client.get(address + path, headers={"X-Api-Key": key})
            assert response.status_code == status, (path, key)
            if status == 200:
                assert response.headers["cache-control"] == "private, no-store"
    headers = {"X-Api-Key": mine}
    (listed,) = (await client.get(f"{address}/deliveries?state=quarantined", headers=headers)).json()["items"]
    assert (listed["id"], listed["state"]) == ("m1", "quarantined")
    one = (await client.get(f"{address}/deliveries/m1", headers=headers)).json()
    assert json.loads(one["body"]) == UNKNOWN
    assert one["changes"][0] == {"code": CODE, "type": "dossier.created", "status_before": None, "status_after": None}
    assert (await client.get(f"{address}/deliveries/m9", headers=headers)).status_code == 404
    (refused,) = (await client.get(f"{address}/refused", headers=headers)).json()["items"]
    assert refused["reason"] == "bad_signature"
