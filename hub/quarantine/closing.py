"""What is in quarantine and nobody has mended; and closing by hand what no replay can, as a file that was put right."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

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
    closed = await close_all(database, [number], why=why, actor=actor)
    if not closed:
        raise NotOpen(f"nothing in quarantine has the number {number}; `hub quarantine list` shows what has")
    return closed[0]


async def close_all(database: Database, numbers: Collection[int], *, why: str, actor: str) -> list[Kept]:
    """Likewise all with these numbers that are open, each with its line in the audit."""
    async with database.begin() as connection:
        found = await connection.execute(
            update(quarantine)
            .where(quarantine.c.id.in_(numbers), quarantine.c.resolved_at.is_(None))
            .values(resolved_at=func.now())
            .returning(*_COLUMNS)
        )
        closed = [Kept(**row) for row in found.mappings()]
        for each in closed:
            detail = {"agency": each.agency, "reason": each.reason, "why": why}
            await note(connection, actor=actor, action="quarantine.closed", target=str(each.id), detail=detail)
        return closed
