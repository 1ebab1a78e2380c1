"""Reads stored deliveries once more, with the specs as they are now; or only tells what that would change.

The stored bytes are read, whatever became of them at first. What an old event says takes its place in the history by
its own time, and turns nothing back.
"""

import sys
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.adapter import NotEvents
from contracts.problem import FieldProblem
from contracts.webhook import Outcome
from hub.access.audit import note
from hub.db import Database
from hub.index.rehearsal import Would, would_change
from hub.intake.inbox import Inbox
from hub.intake.tables import inbox

_BATCH = 100


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which stored events: all of these."""

    agency: str
    webhook_id: str | None = None
    states: Collection[str] = ()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of an event that was read again, or would."""

    webhook_id: str
    before: str
    #: None where it cannot be read again.
    outcome: Outcome | None
    problems: list[FieldProblem]
    #: What it changed, or would.
    changes: list[Would]


async def replay(
    database: Database, intake: Inbox, chosen: Chosen, *, actor: str, dry_run: bool = False, most: int = sys.maxsize
) -> AsyncIterator[Replayed]:
    """Read each again, in the order in which they came, each in a transaction of its own; the first `most`. Who did it
    is in the audit.

    With `dry_run`, each is compared with the index as it is, not as those before would have left it.
    """
    last = 0
    counted = 0
    while rows := await _next(database, chosen, last, min(_BATCH, most - counted)):
        last = rows[-1]["id"]
        for row in rows:
            async with database.trial() if dry_run else database.begin() as connection:
                replayed = await _again(connection, intake, row)
            counted += 1
            yield replayed
    if counted and not dry_run:
        told = {"states": sorted(chosen.states), "since": chosen.since and chosen.since.isoformat(), "events": counted}
        async with database.begin() as connection:
            await note(connection, actor=actor, action="inbox.replayed", target=chosen.agency, detail=told)


async def _next(database: Database, chosen: Chosen, last: int, most: int) -> list[RowMapping]:
    statement = select(inbox).where(inbox.c.agency == chosen.agency, inbox.c.state != "batch", inbox.c.id > last)
    if chosen.webhook_id is not None:
        statement = statement.where(inbox.c.webhook_id == chosen.webhook_id)
    if chosen.states:
        statement = statement.where(inbox.c.state.in_(chosen.states))
    if chosen.since:
        statement = statement.where(inbox.c.received_at >= chosen.since)
    if chosen.until:
        statement = statement.where(inbox.c.received_at < chosen.until)
    async with database.begin() as connection:
        return list((await connection.execute(statement.order_by(inbox.c.id).limit(most))).mappings())


async def _again(connection: AsyncConnection, intake: Inbox, row: RowMapping) -> Replayed:
    # Ours until the transaction ends; the sweep passes it over meanwhile.
    locked = select(inbox).where(inbox.c.id == row["id"]).with_for_update()
    row = (await connection.execute(locked)).mappings().one()
    try:
        accepted = await intake.apply_again(connection, row)
    except LookupError as error:
        return Replayed(row["webhook_id"], row["state"], None, [FieldProblem(field="/", problem=str(error))], [])
    except NotEvents as wrong:
        problem = FieldProblem(field=wrong.field, problem=wrong.problem, expected=wrong.expected)
        return Replayed(row["webhook_id"], row["state"], None, [problem], [])
    changes = await would_change(connection)
    return Replayed(row["webhook_id"], row["state"], accepted.outcome, accepted.problems, changes)
