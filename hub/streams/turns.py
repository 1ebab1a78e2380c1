"""Whose turn it is: the streams that are due, handed out to workers, and what each has used of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.agency import AgencySpec, Plan
from hub.db import Database
from hub.streams.plans import chance, next_time
from hub.streams.store import NEVER, Kind
from hub.streams.tables import stream

#: What is done in fewer seconds is short work.
_SHORT_SECONDS = 3.0

#: Whether the stream's next reading will be done soon, as far as one knows: it begins a window, and the last one went
#: well and took no more than seconds. A backfill's windows are many.
IS_SHORT = (
    stream.c.window.is_(None)
    & (stream.c.failures_in_a_row == 0)
    & (stream.c.last_seconds < _SHORT_SECONDS)
    & (stream.c.kind != "backfill")
).label("is_short")

_DUE_AGAIN = text("""
    UPDATE stream s
       SET next_due_at = n.next_due_at
      FROM unnest(CAST(:agencies AS text[]), CAST(:kinds AS text[]), CAST(:times AS timestamptz[]))
           AS n (agency, kind, next_due_at)
     WHERE (s.agency, s.kind) = (n.agency, n.kind)
""")


@dataclass(frozen=True, slots=True)
class Due:
    """A stream whose time has come."""

    agency: str
    kind: Kind
    #: Where it stands among those that wait: seconds of workers used.
    spent: float
    #: Whether it will be done soon, as far as one knows.
    is_short: bool
    #: When it is due again by its plan, once it has been handed out.
    next_due_at: datetime


async def due(connection: AsyncConnection, specs: Mapping[str, AgencySpec]) -> list[Due]:
    """The streams of the agencies whose time has come, or that an admin wants; locked until the transaction ends.

    They stay due until they are `handed_out`. Missed times collapse. A stream whose spec says nothing of when is due
    once, and then only when wanted.
    """
    found = await connection.execute(
        select(stream.c.agency, stream.c.kind, stream.c.plan, stream.c.spent, IS_SHORT, func.now().label("now"))
        .where(
            stream.c.agency.in_(specs),
            ((stream.c.next_due_at <= func.now()) & ~stream.c.paused) | stream.c.wanted.is_not(None),
        )
        .order_by(stream.c.agency, stream.c.kind)
        .with_for_update(skip_locked=True)
    )
    streams = []
    for row in found:
        spec = specs[row.agency]
        plan = Plan.model_validate(row.plan) if row.plan else spec.plan(row.kind)
        again = next_time(plan, spec, row.now, chance=chance()) if plan else row.now + NEVER
        streams.append(Due(row.agency, row.kind, row.spent, row.is_short, again))
    return streams


async def handed_out(connection: AsyncConnection, streams: Sequence[Due]) -> None:
    """Note that there is a job for each, so that it is due again when its plan says."""
    if streams:
        await connection.execute(
            _DUE_AGAIN,
            {
                "agencies": [each.agency for each in streams],
                "kinds": [each.kind for each in streams],
                "times": [each.next_due_at for each in streams],
            },
        )


async def spend(database: Database, agency: str, kind: Kind, seconds: float, *, again: bool) -> None:
    """Note that a worker was busy with the stream; `again`: it gave way to others, and is due at once."""
    values: dict[str, Any] = {"spent": stream.c.spent + seconds}
    if again:
        values["next_due_at"] = func.now()
    async with database.begin() as connection:
        await connection.execute(update(stream).where(stream.c.agency == agency, stream.c.kind == kind).values(values))
