"""What an operator orders a stream to do. Each order is in the audit; the clock sees it at its next tick."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, true, update

from contracts.agency import AgencySpec, Plan
from hub.access.audit import note
from hub.db import Database
from hub.streams.store import Kind
from hub.streams.tables import stream


class NoSuchStream(LookupError):
    """The agency is not read for that."""


class RangeWrong(ValueError):
    """The agency's past cannot be read so; `field` is what was wrong, the message says what would be right."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class UnderWay(Exception):
    """Of its past something is being read already, or is next."""


async def want(database: Database, agency: str, kind: Kind, *, actor: str, since: datetime | None = None) -> None:
    """Have the stream read now, paused or not; a pull from `since` on, or from where it is if that is earlier."""
    wanted = {"by": actor, "since": since.isoformat() if since else None}
    await _order(database, agency, kind, {"wanted": wanted}, actor, "run")


async def backfill(
    database: Database, spec: AgencySpec, *, since: datetime, until: datetime | None = None, actor: str
) -> None:
    """Read again what the agency changed between the two times, the newest first; up to now where there is no `until`.
    A pause ends by it. Raises RangeWrong, UnderWay, NoSuchStream."""
    if not spec.lists_between:
        raise RangeWrong("since", f"{spec.id} cannot be asked for what is between two times: read all of its past")
    if since >= (until or datetime.now(UTC)):
        raise RangeWrong("since" if until is None else "until", "the end must be after the beginning, which is past")
    wanted = {"by": actor, "since": since.isoformat(), "until": until.isoformat() if until else None}
    # Else how far the other has come would be lost.
    free = stream.c.window.is_(None) & or_(stream.c.paused, stream.c.past["ended"].astext == "true")
    values = {"wanted": wanted, "paused": False}
    try:
        await _order(database, spec.id, "backfill", values, actor, "backfill", where=free)
    except NoSuchStream:
        async with database.begin() as connection:
            mine = (stream.c.agency == spec.id) & (stream.c.kind == "backfill")
            there = await connection.scalar(select(stream.c.agency).where(mine))
        if there is None:
            raise
        raise UnderWay(f"the past of {spec.id} is being read already: wait until that has ended") from None


async def pause(database: Database, agency: str, kind: Kind, *, actor: str) -> None:
    await _order(database, agency, kind, {"paused": True}, actor, "pause")


async def resume(database: Database, agency: str, kind: Kind, *, actor: str) -> None:
    """Read it again, at once."""
    await _order(database, agency, kind, {"paused": False, "next_due_at": func.now()}, actor, "resume")


async def plan(database: Database, agency: str, kind: Kind, plan: Plan | None, *, actor: str) -> None:
    """Read it by this plan, from now on; by its spec's again where there is none."""
    values = {"plan": plan.model_dump(exclude_defaults=True) if plan else None, "next_due_at": func.now()}
    await _order(database, agency, kind, values, actor, "plan")


async def _order(
    database: Database,
    agency: str,
    kind: Kind,
    values: dict[str, Any],
    actor: str,
    action: str,
    *,
    where: ColumnElement[bool] | None = None,
) -> None:
    async with database.begin() as connection:
        ordered = await connection.execute(
            update(stream)
            .where(stream.c.agency == agency, stream.c.kind == kind, true() if where is None else where)
            .values(values)
        )
        if not ordered.rowcount:
            raise NoSuchStream(f"{agency} has no stream of kind {kind}")
        told = {name: value for name, value in values.items() if name in ("wanted", "plan")}
        await note(connection, actor=actor, action=f"sync.{action}", target=f"{agency} {kind}", detail=told or None)
