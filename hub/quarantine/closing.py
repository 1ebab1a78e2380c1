"""What is in quarantine and nobody has mended; and closing by hand what no replay can, as a file that was put right."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.access.audit import note
from hub.db import Database
from hub.quarantine.tables import quarantine


class NotOpen(LookupError):
    """There is no such thing in quarantine, or it is there no more."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing that was not understood."""

    id: int
    agency: str
    reason: str
    message: str
    times: int
    last_seen_at: datetime


_COLUMNS = [quarantine.c[name] for name in Kept.__dataclass_fields__]


async def kept(database: Database, agency: str | None = None, *, most: int = 100) -> list[Kept]:
    """What is open, of one agency or of all, the latest first."""
    statement = select(*_COLUMNS).where(quarantine.c.resolved_at.is_(None))
    if agency:
        statement = statement.where(quarantine.c.agency == agency)
    async with database.begin() as connection:
        found = await connection.execute(statement.order_by(quarantine.c.last_seen_at.desc()).limit(most))
        return [Kept(**row) for row in found.mappings()]


async def close(database: Database, number: int, *, why: str, actor: str) -> Kept:
    """Take one thing out of the quarantine, unread; who did it, and why, is in the audit.

    Said again by the agency, it is back. Raises NotOpen.
    """
    async with database.begin() as connection:
        closed = await _closed(connection, [number])
        if not closed:
            raise NotOpen(f"nothing in quarantine has the number {number}; `hub quarantine list` shows what has")
        [one] = closed
        detail = {"number": number, "reason": one.reason, "why": why}
        await note(connection, actor=actor, action="quarantine.closed", target=one.agency, detail=detail)
        return one


async def close_all(database: Database, agency: str, numbers: Collection[int], *, why: str, actor: str) -> int:
    """Likewise all of the agency with these numbers that are open. How many they were."""
    async with database.begin() as connection:
        closed = await _closed(connection, numbers)
        if closed:
            detail = {"records": len(closed), "reason": closed[0].reason, "why": why}
            await note(connection, actor=actor, action="quarantine.closed", target=agency, detail=detail)
        return len(closed)


async def _closed(connection: AsyncConnection, numbers: Collection[int]) -> list[Kept]:
    found = await connection.execute(
        update(quarantine)
        .where(quarantine.c.id.in_(numbers), quarantine.c.resolved_at.is_(None))
        .values(resolved_at=func.now())
        .returning(*_COLUMNS)
    )
    return [Kept(**row) for row in found.mappings()]
