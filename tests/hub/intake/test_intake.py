"""POST /v1/webhooks/{agency} over HTTP: what is refused, what is kept, and that 2xx means durable."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from prometheus_client import REGISTRY
from sqlalchemy import func, select, text

from contracts.problem import Problem
from hub.db import Database
from hub.index.tables import change, dossier
from hub.intake import applying
from hub.intake.inbox import Inbox
from hub.intake.push import MAX_BODY
from hub.intake.refusals import Refusals
from hub.intake.tables import inbox, inbox_conflict, refusal
from hub.quarantine.tables import quarantine
from hub.registry import Registry
from hub.vault import Vault
from tests.hub.intake.senders import DATA, EVENT, Sender, count


async def test_an_event_is_applied_and_stored(sender: Sender, database: Database, vault: Vault) -> None:
    response = await sender.post()
    assert response.status_code == 202
    assert response.json() == {"id": "msg_1", "outcome": "applied", "duplicate": False, "problems": []}
    async with database.begin() as connection:
        row = (await connection.execute(select(inbox))).mappings().one()
        correlation = (await connection.execute(select(change.c.correlation_id))).scalar_one()
    assert row["state"] == "applied"
    assert json.loads(vault.open(row["body"])) == EVENT
    assert correlation == "msg_1"


async def test_the_same_delivery_again_is_a_duplicate_for_ever(sender: Sender, database: Database) -> None:
    await sender.post()
    again = await sender.post()
    assert (again.status_code, again.json()["duplicate"]) == (200, True)
    assert await count(database, inbox) == await count(database, change) == 1


async def test_the_same_delivery_at_once_from_many_connections(sender: Sender, database: Database) -> None:
    answers = await asyncio.gather(*(sender.post() for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [202]
    assert await count(database, inbox) == await count(database, change) == 1


async def test_an_id_with_another_body_is_a_conflict_and_kept(sender: Sender, database: Database) -> None:
    counted = {"agency": "ubnd-pleiku", "outcome": "conflict"}
    before = REGISTRY.get_sample_value("hub_webhooks_total", counted) or 0
    await sender.post()
    other = {**EVENT, "data": {**DATA, "status": "XONG"}}
    for _ in range(2):
        response = await sender.post(other)
        assert response.status_code == 409
        assert Problem(**response.json()).type == "/problems/id-reused"
    assert await count(database, inbox_conflict) == 1
    async with database.begin() as connection:
        assert (await connection.execute(select(dossier.c.status))).scalar_one() == 4
    assert REGISTRY.get_sample_value("hub_webhooks_total", counted) == before + 2


async def test_an_unmapped_status_is_accepted_quarantined_and_told(sender: Sender, database: Database) -> None:
    response = await sender.post({**EVENT, "data": {**DATA, "status": "Chờ xác minh", "procedure_code": "1.0016"}})
    assert response.status_code == 202
    assert response.json()["outcome"] == "quarantined"
    assert response.json()["problems"][0]["field"] == "/data/status"
    async with database.begin() as connection:
        kept = (await connection.execute(select(quarantine))).mappings().one()
        row = (await connection.execute(select(dossier))).mappings().one()
    assert (kept["reason"], kept["value"]) == ("unknown_status", "Chờ xác minh")
    assert (row["status"], row["procedure_code"]) == (None, "1.0016")


async def test_types_we_do_not_know_are_stored_and_ignored(sender: Sender, database: Database) -> None:
    response = await sender.post({**EVENT, "type": "fee.paid"})
    assert (response.status_code, response.json()["outcome"]) == (202, "ignored")
    assert await count(database, inbox) == 1


@pytest.mark.parametrize("agency", ["nobody", "so-yt", "UBND", "a" * 300])
async def test_unknown_and_disabled_agencies_are_404(sender: Sender, agency: str) -> None:
    response = await sender.post(to=agency)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_bad_signature_leaves_nothing_but_a_count(
    sender: Sender, database: Database, refusals: Refusals
) -> None:
    body = json.dumps(EVENT).encode()
    for _ in range(3):
        response = await sender.post_signed(body + b" ", sender.sign(body))
        assert response.status_code == 401
        assert response.json()["errors"][0]["field"] == "webhook-signature"
    assert await count(database, inbox) == 0
    await refusals.flush(database)
    async with database.begin() as connection:
        row = (await connection.execute(select(refusal))).mappings().one()
    assert (row["agency"], row["reason"], row["count"]) == ("ubnd-pleiku", "bad_signature", 3)


async def test_an_old_timestamp_is_answered_with_our_time(sender: Sender) -> None:
    body = json.dumps(EVENT).encode()
    response = await sender.post_signed(body, sender.sign(body, at=datetime.now(UTC) - timedelta(hours=1)))
    assert response.status_code == 400
    assert response.json()["type"] == "/problems/timestamp-refused"
    assert datetime.fromisoformat(response.json()["server_time"]).tzinfo


@pytest.mark.parametrize("jump", [timedelta(hours=2), timedelta(hours=-2)])
async def test_when_it_is_our_clock_that_is_wrong_the_sender_tries_again(
    sender: Sender, database: Database, jump: timedelta
) -> None:
    """To a sender a 400 is the last word."""
    body = json.dumps(EVENT).encode()
    headers = sender.sign(body)
    with time_machine.travel(datetime.now(UTC) + jump, tick=True):
        response = await sender.post_signed(body, headers)
    assert (response.status_code, response.headers["retry-after"]) == (503, "30")
    assert (await sender.post_signed(body, headers)).status_code == 202
    assert await count(database, inbox) == 1


async def test_too_large_a_body_is_413(sender: Sender, database: Database) -> None:
    assert (await sender.post(b"x" * (MAX_BODY + 1))).status_code == 413

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY // 1000 + 10):
            yield b"x" * 1000

    response = await sender.client.post("/v1/webhooks/ubnd-pleiku", content=endless(), headers=sender.sign(b""))
    assert response.status_code == 413
    assert await count(database, inbox) == 0


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        (b'{"type": "dossier.updated",\n "data": }', "/", "line 2, column 10"),
        (b"", "/", "line 1, column 1"),
        (b"\xff\xfe{}", "/", "byte 0 is not UTF-8"),
        (b'{"type": NaN}', "/", "line 1, column 10"),
        (b"[" * 100_000, "/", "not JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "/", "not JSON"),
        (b"7", "/", "not an object"),
        (b"[]", "/", "a list of 0"),
        (b"[" + b"{}," * 100 + b"{}]", "/", "a list of 101"),
        (b'{"data": {}}', "/type", "missing"),
        (b'{"type": "dossier.updated", "data": null}', "/data", "not an object"),
    ],
)
async def test_a_malformed_body_is_400_and_names_the_place(
    sender: Sender, database: Database, body: bytes, field: str, says: str
) -> None:
    response = await sender.post(body)
    assert response.status_code == 400, response.text
    error = response.json()["errors"][0]
    assert error["field"] == field
    assert says in error["problem"]
    # The id is not claimed: the sender may send it again, mended.
    assert await count(database, inbox) == 0
    assert (await sender.post()).status_code == 202


async def test_a_database_that_is_away_is_503_and_the_sender_keeps_the_event(
    sender: Sender, database: Database
) -> None:
    async with database.begin() as connection:
        await connection.execute(text("ALTER TABLE inbox RENAME TO inbox_away"))
    response = await sender.post()
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    async with database.begin() as connection:
        await connection.execute(text("ALTER TABLE inbox_away RENAME TO inbox"))
    assert (await sender.post()).json()["outcome"] == "applied"


async def test_what_cannot_be_applied_now_is_stored_and_swept_later(
    sender: Sender, database: Database, vault: Vault, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the index is not itself today")

    with monkeypatch.context() as patch:
        patch.setattr(applying, "record", broken)
        response = await sender.post()
        assert (response.status_code, response.json()["outcome"]) == (202, "waiting")
        await due(database)
        assert await Inbox(database, vault, registry).apply_waiting() == 0
    await due(database)
    assert await Inbox(database, vault, registry).apply_waiting() == 1
    async with database.begin() as connection:
        assert (await connection.execute(select(inbox.c.state, inbox.c.attempts))).one() == ("applied", 2)
        assert (await connection.execute(select(dossier.c.status))).scalar_one() == 4


async def due(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(inbox.update().values(next_try_at=func.now()))
