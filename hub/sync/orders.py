"""What an operator orders a stream to do. Each order is in the audit; the clock sees it at its next tick."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import case, func, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB

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
    """A part of its past is to be read already, and nobody has begun with it."""


async def want(database: Database, agency: str, kind: Kind, *, actor: str, since: datetime | None = None) -> None:
    """Have the stream read now, paused or not; a pull from `since` on, or from where it is if that is earlier."""
    wanted = {"by": actor, "since": since.isoformat() if since else None}
    # A range that was ordered and not begun is read now as well, and is not to be forgotten.
    kept = case((stream.c.wanted["since"].astext.is_not(None), stream.c.wanted), else_=literal(wanted, JSONB))
    values = {"wanted": wanted if since else kept}
    await _order(database, agency, kind, values, actor, "run", {"wanted": wanted})


async def backfill(
    database: Database, spec: AgencySpec, *, since: datetime, until: datetime | None = None, actor: str
) -> None:
    """Read again what the agency changed between the two times, the newest first; up to now where there is no `until`.

    It goes before what of the past is being read, or is to be, which goes on after it from where it was, or is paused
    again. Raises RangeWrong, UnderWay, NoSuchStream.
    """
    if not spec.lists_between:
        raise RangeWrong("since", f"{spec.id} cannot be asked for what is between two times: read all of its past")
    if since >= (until or datetime.now(UTC)):
        raise RangeWrong("since" if until is None else "until", "the end must be after the beginning, which is past")
    async with database.begin() as connection:
        mine = (stream.c.agency == spec.id) & (stream.c.kind == "backfill")
        found = await connection.execute(select(stream.c.wanted, stream.c.paused).where(mine).with_for_update())
        if (row := found.one_or_none()) is None:
            raise NoSuchStream(f"{spec.id} has no stream of kind backfill")
        if row.wanted and row.wanted.get("since"):
            raise UnderWay(f"days of {spec.id} were ordered already, and no worker has begun: wait until one has")
        wanted = {"by": actor, "since": since.isoformat(), "until": until.isoformat() if until else None}
        # The pause is of what it goes before.
        values = {"wanted": wanted | {"paused": row.paused}, "paused": False}
        await connection.execute(update(stream).where(mine).values(values))
        await note(
            connection, actor=actor, action="sync.backfill", target=f"{spec.id} backfill", detail={"wanted": wanted}
        )


async def pause(database: Database, agency: str, kind: Kind, *, actor: str) -> None:
    await _order(database, agency, kind, {"paused": True}, actor, "pause")


async def resume(database: Database, agency: str, kind: Kind, *, actor: str) -> None:
    """Read it again, at once."""
    await _order(database, agency, kind, {"paused": False, "next_due_at": func.now()}, actor, "resume")


async def plan(database: Database, agency: str, kind: Kind, plan: Plan | None, *, actor: str) -> None:
    """Read it by this plan, from now on; by its spec's again where there is none."""
    wanted = plan.model_dump(exclude_defaults=True) if plan else None
    values = {"plan": wanted, "next_due_at": func.now()}
    await _order(database, agency, kind, values, actor, "plan", {"plan": wanted})


async def _order(
    database: Database,
    agency: str,
    kind: Kind,
    values: dict[str, Any],
    actor: str,
    action: str,
    detail: dict[str, Any] | None = None,
) -> None:
    async with database.begin() as connection:
        ordered = await connection.execute(
            update(stream).where(stream.c.agency == agency, stream.c.kind == kind).values(values)
        )
        if not ordered.rowcount:
            raise NoSuchStream(f"{agency} has no stream of kind {kind}")
        await note(connection, actor=actor, action=f"sync.{action}", target=f"{agency} {kind}", detail=detail)
