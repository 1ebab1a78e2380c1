"""From a change to the endpoint that wants it: signed, tried until it is there, in order where asked."""

import asyncio
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from standardwebhooks import Webhook

from contracts.change import DossierChanged
from hub.access.scopes import Scope
from hub.outbox.rules import Outcome, Result
from tests.adapters.servers import Asked, Told
from tests.hub.subscriptions.conftest import CODES, Stage, until
from tests.hub.subscriptions.receiver import OK, receiving
from tests.observations import observation as said


async def test_a_change_comes_signed_and_is_the_feeds_event(stage: Stage) -> None:
    async with receiving() as receiver, stage.delivering():
        _, receiver.secret = await stage.subscribe(f"{receiver.address}/hook?at=1")
        await stage.record(said(CODES[0], status=2, applicant_name="Nguyễn Văn Đức"))
        await receiver.told(1)
        await until(lambda: _is(stage, ["done"]))
    [asked] = receiver.asked
    event = DossierChanged.model_validate(receiver.events[0])
    assert (event.type, event.data.code, event.status_after) == ("dossier.created", CODES[0], "2")
    assert (asked.method, asked.path, asked.query) == ("POST", "/hook", {"at": "1"})
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,128}", asked.headers["webhook-id"])
    assert asked.headers["content-type"] == "application/json"
    assert "Đức" not in asked.body.decode()


async def _is(stage: Stage, states: list[str]) -> bool:
    return await stage.states() == states


async def test_what_was_before_is_not_told(stage: Stage) -> None:
    await stage.changes(3)
    async with receiving() as receiver, stage.delivering():
        await stage.subscribe(receiver.address)
        await stage.changes(2, first=3)
        await receiver.told(2)
        await stage.changes(1, first=5)
        await receiver.told(3)
    assert [event["data"]["code"] for event in receiver.events] == CODES[3:6]


async def test_each_gets_what_it_asked_for(stage: Stage) -> None:
    async with receiving() as receiver, stage.delivering():
        wanted: dict[str, dict[str, Any]] = {
            "all": {},
            "status": {"statuses": ["9"]},
            "kind": {"types": ["dossier.status"]},
            "agency": {"agencies": ["so-tnmt"]},
            "procedure": {"procedures": ["1.001612.000.00.00.H48"]},
            "both": {"procedures": ["1.001612"], "statuses": ["4"]},
        }
        for name, filters in wanted.items():
            await stage.subscribe(f"{receiver.address}/{name}", **filters)
        await stage.record(said(CODES[0], status=2))
        await stage.record(said(CODES[0], at=1, status=9))
        await stage.record(said(CODES[1], agency="so-tnmt", status=4, procedure_code="1.001612"))
        await stage.record(said(CODES[2], status=4, procedure_code="1.001613"))
        await receiver.told(4 + 1 + 1 + 1 + 1 + 1)
        await stage.changes(1, first=10)
        await receiver.told(10)
    got = defaultdict(list)
    for asked, event in zip(receiver.asked, receiver.events, strict=True):
        got[asked.path[1:]].append(CODES.index(event["data"]["code"]))
    assert {name: sorted(codes) for name, codes in got.items()} == {
        "all": [0, 0, 1, 2, 10],
        "status": [0],
        "kind": [0],
        "agency": [1],
        "procedure": [1],
        "both": [1],
    }


async def test_a_key_for_some_agencies_is_told_of_those_alone(stage: Stage) -> None:
    await stage.keys.create("tnmt", scopes=[Scope.WEBHOOKS_MANAGE], agencies=["so-tnmt"], actor="test")
    async with receiving() as receiver, stage.delivering():
        await stage.subscribe(receiver.address, "tnmt")
        await stage.subscribe(f"{receiver.address}/all")
        await stage.record(said(CODES[0], status=2))
        await stage.record(said(CODES[1], agency="so-tnmt", status=2))
        await receiver.told(3)
    told = sorted(
        (asked.path, event["data"]["code"]) for asked, event in zip(receiver.asked, receiver.events, strict=True)
    )
    assert told == [("/", CODES[1]), ("/all", CODES[0]), ("/all", CODES[1])]


async def test_each_try_is_signed_anew_and_keeps_its_id(stage: Stage) -> None:
    answers = [Told("not now", status=500), Told("not now", status=500), OK]
    async with receiving(answer=lambda _: answers.pop(0)) as receiver, stage.delivering():
        _, receiver.secret = await stage.subscribe(receiver.address)
        await stage.changes(1)
        for count in (1, 2):
            await receiver.told(count)
            await until(partial(_tried, stage, count))
            # Signatures hold whole seconds.
            await asyncio.sleep(1)
            await stage.hurry()
        await until(lambda: _is(stage, ["done"]))
    assert len(set(receiver.ids)) == 1
    assert len({each.headers["webhook-timestamp"] for each in receiver.asked}) == 3
    assert len({each.headers["webhook-signature"] for each in receiver.asked}) == 3
    assert len({each.body for each in receiver.asked}) == 1
    tries = await stage.sql("SELECT outcome, status FROM attempt ORDER BY id")
    assert [tuple(each) for each in tries] == [("failed", 500), ("failed", 500), ("ok", 204)]


async def _tried(stage: Stage, count: int) -> bool:
    [row] = await stage.sql("SELECT count(*) AS tries FROM attempt")
    return bool(row.tries == count)


async def test_while_a_secret_is_replaced_both_sign(stage: Stage) -> None:
    async with receiving() as receiver, stage.delivering():
        made, old = await stage.subscribe(receiver.address)
        new = (await stage.store.rotate(int(made.id), "portal", timedelta(hours=1), actor="test")).secret
        await stage.changes(1)
        await receiver.told(1)
        newest = (await stage.store.rotate(int(made.id), "portal", timedelta(0), actor="test")).secret
        await stage.changes(1, first=1)
        await receiver.told(2)
    first, second = receiver.asked
    for secret in (old, new):
        Webhook(secret).verify(first.body, first.headers)
    Webhook(newest).verify(second.body, second.headers)
    assert len(second.headers["webhook-signature"].split()) == 1


@pytest.mark.parametrize("couriers", [1, 2])
async def test_events_of_a_dossier_come_in_order_whatever_fails(stage: Stage, couriers: int) -> None:
    """Every fifth event fails at its first try, after it was taken in; no later one comes before an earlier one."""

    def answer(asked: Asked) -> Told:
        first = receiver.ids.count(asked.headers["webhook-id"]) == 1
        return Told("", status=500) if first and int(receiver.events[-1]["id"]) % 5 == 0 else OK

    async with receiving(answer=answer) as receiver, stage.delivering(couriers):
        await stage.subscribe(receiver.address, ordered=True)
        for step in range(6):
            await stage.record(*(said(code, at=step, status=2 + step % 2 * 2) for code in CODES[:10]))

        async def all_done() -> bool:
            await stage.hurry()
            return (await stage.states()).count("done") == 60

        await until(all_done)
    assert len(receiver.events) == 72
    order: dict[str, list[int]] = defaultdict(list)
    for event in receiver.events:
        order[event["subject"]].append(int(event["id"]))
    assert len(order) == 10
    for ids in order.values():
        # A repetition is the same again, at once.
        assert ids == sorted(ids)
        assert len(set(ids)) == 6


async def test_two_who_hand_on_at_once_hand_on_once(stage: Stage) -> None:
    async with receiving() as receiver, stage.delivering(2):
        await stage.subscribe(receiver.address)
        await asyncio.gather(*(stage.changes(10, first=10 * part) for part in range(6)))
        await until(lambda: _is(stage, ["done"] * 60))
    assert sorted(receiver.ids) == sorted(set(receiver.ids))
    assert len(receiver.ids) == 60


async def test_a_claim_that_ended_may_say_nothing_of_the_outcome(stage: Stage) -> None:
    """A worker that stood still comes back after another has taken its delivery over."""
    await stage.subscribe("http://127.0.0.1:1")
    await stage.changes(1)
    fan_out, outbox = stage.fan_out(), stage.outbox()
    while await fan_out.step():
        pass
    [mine] = await outbox.claim(["webhook"], most=10, ailing=False)
    assert await outbox.claim(["webhook"], most=10, ailing=False) == []
    # The lease ends.
    await stage.sql("UPDATE delivery SET claimed_until = now(), next_try_at = now()")
    await stage.sql("UPDATE destination SET next_due_at = now()")
    [theirs] = await outbox.claim(["webhook"], most=10, ailing=False)
    assert theirs.id == mine.id and theirs.claim > mine.claim
    result = Result(Outcome.FAILED, datetime.now(UTC), 0.1, status=500)
    await outbox.conclude([(mine, result)])
    assert [tuple(row) for row in await stage.sql("SELECT attempts, state FROM delivery")] == [(0, "open")]
    await outbox.conclude([(theirs, Result(Outcome.OK, datetime.now(UTC), 0.1, status=200))])
    assert [tuple(row) for row in await stage.sql("SELECT attempts, state FROM delivery")] == [(1, "done")]
    # Both tries were made, and are told.
    assert await _tried(stage, 2)
