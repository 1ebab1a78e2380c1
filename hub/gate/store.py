"""One exchange with the gate's table: one transaction, in which the agency's row is ours alone."""

import random
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.system import Budget
from hub.db import Database
from hub.gate.rules import Ask, Decision, Holder, News, State, decide
from hub.gate.tables import gate

# Built once: this is done at every call, and building takes longer than sending.
_KEEP = update(gate).where(gate.c.agency == bindparam("whose"))
# A server that crashes may forget the last moments' calls: less than a disk's patience at every call.
_NO_WAIT = func.set_config("synchronous_commit", "off", True)
# Within, so that the clock is read when the lock is ours, not while we wait for it.
_LOCKED = select(gate, _NO_WAIT).where(gate.c.agency == bindparam("whose")).with_for_update().subquery()
_OURS = select(_LOCKED, func.clock_timestamp().label("now"))


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
        await connection.execute(_KEEP, {"whose": agency} | asdict(decision.state))
    return decision


async def _lock(connection: AsyncConnection, agency: str) -> RowMapping:
    """The agency's row, and the time at which it became ours."""
    row = (await connection.execute(_OURS, {"whose": agency})).mappings().one_or_none()
    if row is None:
        await connection.execute(upsert(gate).values(agency=agency).on_conflict_do_nothing())
        row = (await connection.execute(_OURS, {"whose": agency})).mappings().one()
    return row


def _state(row: RowMapping) -> State:
    known: dict[str, Any] = {name: row[name] for name in State.__dataclass_fields__}
    return State(**known | {"holders": {name: Holder(**each) for name, each in row["holders"].items()}})
