"""One exchange with the gate's table: one transaction, in which the agency's row is ours alone."""

import random
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.system import Budget
from hub.db import Database
from hub.gate.rules import Ask, Decision, Holder, News, State, decide
from hub.gate.tables import gate


async def exchange(
    database: Database,
    agency: str,
    budget: Budget,
    zone: ZoneInfo,
    *,
    holder: str,
    calls: int,
    probing: bool,
    news: News,
    asks: Sequence[Ask],
) -> Decision:
    """Tell what happened in this process and ask for calls, as hub.gate.rules.decide has it; keep what comes of it."""
    async with database.begin() as connection:
        row = await _lock(connection, agency)
        decision = decide(
            _state(row),
            budget,
            zone,
            row["now"],
            holder=holder,
            calls=calls,
            probing=probing,
            news=news,
            asks=asks,
            jitter=random.random(),  # noqa: S311
        )
        await connection.execute(update(gate).where(gate.c.agency == agency).values(asdict(decision.state)))
    return decision


async def _lock(connection: AsyncConnection, agency: str) -> RowMapping:
    """The agency's row, and the time at which it became ours."""
    # A server that crashes may forget the last moments' calls: less than a disk's patience at every call.
    no_wait = func.set_config("synchronous_commit", "off", True)
    # Within, so that the clock is read when the lock is ours, not while we wait for it.
    locked = select(gate, no_wait).where(gate.c.agency == agency).with_for_update().subquery()
    ours = select(locked, func.clock_timestamp().label("now"))
    row = (await connection.execute(ours)).mappings().one_or_none()
    if row is None:
        await connection.execute(upsert(gate).values(agency=agency).on_conflict_do_nothing())
        row = (await connection.execute(ours)).mappings().one()
    return row


def _state(row: RowMapping) -> State:
    known: dict[str, Any] = {name: row[name] for name in State.__dataclass_fields__}
    return State(**known | {"holders": {name: Holder(**each) for name, each in row["holders"].items()}})
