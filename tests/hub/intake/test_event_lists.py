"""Lists of events: an answer per event, each applied by itself; and deliveries that come at the same time."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, text

from hub.db import Database
from hub.index.record import record
from hub.index.tables import change, observation
from hub.intake import applying
from hub.intake.deliveries import Deliveries
from hub.intake.inbox import Inbox
from hub.intake.refusals import Refusals
from hub.intake.tables import inbox, inbox_conflict
from hub.registry import Registry
from hub.vault import Vault
from tests.hub.intake.senders import DATA, EVENT, Sender, count


def event(id: str, code: str = DATA["code"], **data: Any) -> dict[str, Any]:
    return {**EVENT, "id": id, "data": {**DATA, "code": code, **data}}


async def states(database: Database) -> dict[str, str]:
    async with database.begin() as connection:
        rows = await connection.execute(select(inbox.c.webhook_id, inbox.c.state))
        return {row.webhook_id: row.state for row in rows}


async def test_each_event_of_a_list_is_answered_by_itself(sender: Sender, database: Database) -> None:
    await sender.post(event("x", status="XONG") | {"id": None}, "known")
    listed = [
        event("e1"),
        event("e2", status="Chờ xác minh"),
        {"type": "dossier.updated"},
        event("known"),
        {**EVENT, "id": "e3", "type": "fee.paid"},
        event("e1"),
    ]
    response = await sender.post(listed, "list_1")
    assert response.status_code == 202
    answered = [(each["id"], each["status"], each["outcome"], each["duplicate"]) for each in response.json()["items"]]
    assert answered == [
        ("e1", 202, "applied", False),
        ("e2", 202, "quarantined", False),
        ("", 400, "refused", False),
        ("known", 409, "conflict", False),
        ("e3", 202, "ignored", False),
        ("e1", 200, "applied", True),
    ]
    fields = [each["problems"][0]["field"] if each["problems"] else "" for each in response.json()["items"]]
    assert fields == ["", "/data/status", "/2/data", "/3/id", "", ""]
    assert await states(database) == {
        "known": "applied",
        "list_1": "batch",
        "e1": "applied",
        "e2": "quarantined",
        "e3": "ignored",
    }
    assert await count(database, inbox_conflict) == 1


async def test_a_list_sent_again_is_200_and_does_nothing(sender: Sender, database: Database) -> None:
    listed = [event("e1"), event("e2", "H21.20-261123-0002")]
    first = await sender.post(listed, "list_1")
    again = await sender.post(listed, "list_1")
    assert (first.status_code, again.status_code) == (202, 200)
    assert all(each["duplicate"] and each["status"] == 200 for each in again.json()["items"])
    # Under another name too: it is the events that count.
    assert (await sender.post(listed, "list_2")).status_code == 200
    assert (await sender.post(EVENT, "e1")).json()["duplicate"]
    assert await count(database, change) == 2


async def test_the_id_of_a_list_stands_for_that_list(sender: Sender, database: Database) -> None:
    await sender.post([event("e1")], "list_1")
    assert (await sender.post([event("e2", "H21.20-261123-0002")], "list_1")).status_code == 409
    assert await count(database, change) == 1
    assert "e2" not in await states(database)


async def test_a_list_may_have_the_id_of_an_event_in_it(sender: Sender, database: Database) -> None:
    """Senders that always send lists, of one event mostly, have but one id to give."""
    first = await sender.post([event("e1")], "e1")
    assert [each["outcome"] for each in first.json()["items"]] == ["applied"]
    assert (await sender.post([event("e1")], "e1")).status_code == 200
    assert (await sender.post(EVENT, "e1")).status_code == 200
    (other,) = (await sender.post([event("e1", status="XONG")], "e1")).json()["items"]
    assert (other["id"], other["status"], other["problems"][0]["field"]) == ("e1", 409, "/0/id")
    assert await count(database, change) == 1


async def test_what_of_a_list_was_not_taken_is_shown(
    sender: Sender, database: Database, vault: Vault, refusals: Refusals
) -> None:
    await sender.post(event("known", status="XONG") | {"id": None}, "known")
    await sender.post([event("e1"), event("known"), {"type": "dossier.updated"}, 5], "list_1")
    await sender.post([event("e9")], "list_1")
    await sender.post(EVENT, "e1")
    await refusals.flush(database)
    other, of_list = await Deliveries(database, vault).refused(["ubnd-pleiku"], most=9)
    assert (of_list.call.status, of_list.call.reason, of_list.call.problem.field) == (409, "id_reused", "/1/id")
    assert of_list.call.problem.problem == "stands for another event; both are kept (3 of the list were not taken)"
    assert of_list.call.headers["webhook-id"] == "list_1"
    assert json.loads(of_list.body)[1]["id"] == "known"
    assert (other.call.status, other.call.reason, other.call.problem.field) == (409, "id_reused", "webhook-id")
    assert json.loads(other.body) == [event("e9")]


async def test_several_events_of_one_dossier_each_make_their_change(sender: Sender, database: Database) -> None:
    times = ["08:00", "09:00", "10:00"]
    words = ["MOI", "DANG_XU_LY", "XONG"]
    listed = [
        event(f"e{number}", status=word, occurred_at=f"2026-11-23T{at}:00+07:00")
        for number, (at, word) in enumerate(zip(times, words, strict=True))
    ]
    await sender.post(listed, "list_1")
    async with database.begin() as connection:
        told = (await connection.execute(select(change.c.status_after, change.c.correlation_id).order_by("seq"))).all()
        lines = (await connection.execute(select(observation.c.correlation_id).order_by("occurred_at"))).scalars().all()
    assert [tuple(each) for each in told] == [(1, "e0"), (4, "e1"), (9, "e2")]
    assert lines == ["e0", "e1", "e2"]


async def test_the_bytes_are_kept_once_for_the_whole_list(sender: Sender, database: Database, vault: Vault) -> None:
    listed = [event("e1"), event("e2", "H21.20-261123-0002")]
    await sender.post(listed, "list_1")
    async with database.begin() as connection:
        rows = (await connection.execute(select(inbox).order_by("id"))).mappings().all()
    assert [(row["webhook_id"], row["batch"], row["place"]) for row in rows if row["batch"]] == [
        ("e1", "list_1", 0),
        ("e2", "list_1", 1),
    ]
    (whole,) = (row for row in rows if row["body"] is not None)
    assert json.loads(vault.open(whole["body"])) == listed
    assert json.loads(vault.open(whole["headers"]))["webhook-id"] == "list_1"


async def test_what_of_a_list_cannot_be_applied_now_is_swept_later(
    sender: Sender, database: Database, vault: Vault, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the index is not itself today")

    with monkeypatch.context() as patch:
        patch.setattr(applying, "record", broken)
        response = await sender.post([event("e1"), event("e2", "H21.20-261123-0002")], "list_1")
    assert [each["outcome"] for each in response.json()["items"]] == ["waiting", "waiting"]
    async with database.begin() as connection:
        await connection.execute(text("UPDATE inbox SET next_try_at = now()"))
    assert await Inbox(database, vault, registry).apply_waiting() == 2
    assert await states(database) == {"list_1": "batch", "e1": "applied", "e2": "applied"}


async def test_deliveries_that_come_together_do_not_harm_each_other(
    sender: Sender, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that makes the index fail is stored by itself; the others are applied."""

    async def touchy(connection: Any, said: Any, *rest: Any, **more: Any) -> Any:
        if any(each.code.endswith("0007") for each in said):
            raise RuntimeError("not that one")
        return await record(connection, said, *rest, **more)

    monkeypatch.setattr(applying, "record", touchy)
    codes = [f"H21.20-261123-{number:04}" for number in range(12)]
    answers = await asyncio.gather(
        *(sender.post({**EVENT, "data": {**DATA, "code": code}}, f"m{number}") for number, code in enumerate(codes))
    )
    assert {answer.status_code for answer in answers} == {202}
    outcomes = [answer.json()["outcome"] for answer in answers]
    assert outcomes == ["applied"] * 7 + ["waiting"] + ["applied"] * 4


async def test_one_id_with_two_bodies_at_once_is_taken_once(sender: Sender, database: Database) -> None:
    other = {**EVENT, "data": {**DATA, "status": "XONG"}}
    answers = await asyncio.gather(*(sender.post(each, "m1") for each in (EVENT, other, EVENT, other)))
    assert sorted(answer.status_code for answer in answers) == [200, 202, 409, 409]
    assert await count(database, change) == 1
    assert await count(database, inbox_conflict) == 1


async def test_two_processes_that_are_sent_the_same_take_it_once(
    database: Database, vault: Vault, registry: Registry
) -> None:
    adapter = registry.adapter("ubnd-pleiku")
    assert adapter
    inboxes = [Inbox(database, vault, registry) for _ in range(4)]
    deliveries = []
    for number in range(30):
        body = json.dumps({**EVENT, "data": {**DATA, "code": f"H21.20-261123-{number % 10:04}"}}).encode()
        pushed = adapter.pushed(body, {})
        deliveries.append(applying.Delivery(adapter, f"m{number % 10}", body, {}, None, pushed, datetime.now(UTC)))
    told = await asyncio.gather(*(inboxes[number % 4].accept(each) for number, each in enumerate(deliveries * 2)))
    assert sum(not accepted.duplicate for (accepted,) in told) == 10
    assert await count(database, change) == await count(database, observation) == 10
