"""What an operator orders a stream to do. Each order is in the audit; the clock sees it at its next tick."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, update

from contracts.agency import Plan
from hub.access.audit import note
from hub.db import Database
from hub.streams.store import Kind
from hub.streams.tables import stream


class NoSuchStream(LookupError):
    """The agency is not read for that."""


async def want(database: Database, agency: str, kind: Kind, *, actor: str, since: datetime | None = None) -> None:
    """Have the stream read now, paused or not; a pull from `since` on, or from where it is if that is earlier."""
    wanted = {"by": actor, "since": since.isoformat() if since else None}
    await _order(database, agency, kind, {"wanted": wanted}, actor, "run")


async def pause(database: Database, agency: str, kind: Kind, *, actor: str) -> None:
    await _order(database, agency, kind, {"paused": True}, actor, "pause")


async def resume(database: Database, agency: str, kind: Kind, *, actor: str) -> None:
    """Read it again, at once."""
    await _order(database, agency, kind, {"paused": False, "next_due_at": func.now()}, actor, "resume")


async def plan(database: Database, agency: str, kind: Kind, plan: Plan | None, *, actor: str) -> None:
    """Read it by this plan, from now on; by its spec's again where there is none."""
    values = {"plan": plan.model_dump(exclude_defaults=True) if plan else None, "next_due_at": func.now()}
    await _order(database, agency, kind, values, actor, "plan")


async def _order(database: Database, agency: str, kind: Kind, values: dict[str, Any], actor: str, action: str) -> None:
    async with database.begin() as connection:
        ordered = await connection.execute(
            update(stream).where(stream.c.agency == agency, stream.c.kind == kind).values(values)
        )
        if not ordered.rowcount:
            raise NoSuchStream(f"{agency} has no stream of kind {kind}")
        told = {name: value for name, value in values.items() if name in ("wanted", "plan")}
        await note(connection, actor=actor, action=f"sync.{action}", target=f"{agency} {kind}", detail=told or None)
