"""Reads and moves the streams: who may read an agency now, from where, and how far it got."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.adapter import Page, Position, Window
from contracts.agency import AgencySpec, Sync
from contracts.errors import Withheld
from hub.db import Database
from hub.streams.tables import run, stream

#: The longest wait between tries of an agency that keeps failing.
MAX_BACKOFF = timedelta(minutes=15)
MAX_OVERLAP = timedelta(hours=24)
RUNS_KEPT_FOR = timedelta(days=30)


class Fenced(Exception):
    """Another run has taken the stream over since; this one must write nothing more."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to read one agency's window, as long as nobody takes a newer epoch."""

    agency: str
    epoch: int
    window: Window
    position: Position | None
    #: The highest revision seen in the window so far, for agencies that number their changes.
    high_revision: int | None
    #: How many runs before this one failed, one after the other.
    failures_before: int


async def ensure(database: Database, specs: Iterable[AgencySpec]) -> None:
    """Make a stream, due at once, for each synced agency that has none."""
    rows = [{"agency": spec.id} for spec in specs]
    if rows:
        async with database.begin() as connection:
            await connection.execute(upsert(stream).values(rows).on_conflict_do_nothing())


async def take(database: Database, agency: str, sync: Sync, now: datetime) -> Lease:
    """Take the stream over from whoever had it, and go on in its window or open the next one."""
    async with database.begin() as connection:
        row = (
            (
                await connection.execute(
                    update(stream)
                    .where(stream.c.agency == agency)
                    .values(lease_epoch=stream.c.lease_epoch + 1)
                    .returning(*stream.c)
                )
            )
            .mappings()
            .one()
        )
        lease = _go_on(row) or _open(row, sync, now)
        await connection.execute(update(stream).where(stream.c.agency == agency).values(window=_window_json(lease)))
    return lease


def _open(row: RowMapping, sync: Sync, now: datetime) -> Lease:
    """The next window: from a little before what is covered, to a little before the agency's present."""
    overlap = min(timedelta(seconds=max(sync.overlap_seconds, row["last_seconds"])), MAX_OVERLAP)
    agency_now = now + timedelta(seconds=row["clock_skew_seconds"])
    since, revision = row["covered_until"], row["covered_revision"]
    window = Window(
        until=agency_now - timedelta(seconds=sync.margin_seconds),
        since=since - overlap if since else None,
        since_revision=max(0, revision - sync.overlap_revisions) if revision is not None else None,
    )
    return Lease(row["agency"], row["lease_epoch"], window, None, revision, row["failures_in_a_row"])


def _go_on(row: RowMapping) -> Lease | None:
    """The window a killed or refused run left, where it has got somewhere in it."""
    left = row["window"]
    if left is None or left["position"] is None:
        return None
    window = Window(
        until=datetime.fromisoformat(left["until"]),
        since=datetime.fromisoformat(left["since"]) if left["since"] else None,
        since_revision=left["since_revision"],
    )
    place = left["position"], left["high_revision"]
    return Lease(row["agency"], row["lease_epoch"], window, *place, row["failures_in_a_row"])


def _window_json(lease: Lease) -> dict[str, Any]:
    window = lease.window
    return {
        "until": window.until.isoformat(),
        "since": window.since.isoformat() if window.since else None,
        "since_revision": window.since_revision,
        "position": lease.position,
        "high_revision": lease.high_revision,
    }


async def advance(connection: AsyncConnection, lease: Lease, page: Page) -> Lease:
    """Note that `page` is recorded, in the transaction that recorded it. Raises Fenced when overtaken.

    A part of a page moves nothing: a run that ends within the page reads all of it again.
    """
    revisions = [item.revision for item in page.observations if item.revision is not None]
    high = max([*revisions, lease.high_revision or 0]) if revisions else lease.high_revision
    further = replace(lease, position=page.next if page.complete else lease.position, high_revision=high)
    values: dict[str, Any] = {"window": _window_json(further)}
    if page.complete and page.next is None:
        values = {"window": None, "covered_until": lease.window.until, "covered_revision": high}
    moved = await connection.execute(
        update(stream).where(stream.c.agency == lease.agency, stream.c.lease_epoch == lease.epoch).values(values)
    )
    if moved.rowcount == 0:
        raise Fenced(lease.agency)
    return further


async def forget_position(database: Database, lease: Lease) -> None:
    """Begin the lease's window anew at the next run."""
    async with database.begin() as connection:
        await connection.execute(
            update(stream)
            .where(stream.c.agency == lease.agency, stream.c.lease_epoch == lease.epoch)
            .values(window=None)
        )


@dataclass(slots=True)
class RunRecord:
    """What one run did, as people will read it."""

    agency: str
    started_at: datetime
    since: datetime | None = None
    until: datetime | None = None
    pages: int = 0
    received: int = 0
    added: int = 0
    changed: int = 0
    quarantined: int = 0
    outcome: str = "ok"
    message: str | None = None
    clock_skew_seconds: float | None = None
    #: Seconds until it is of use to ask again, where the failure says so.
    retry_after: float | None = None


async def finish(database: Database, record: RunRecord, lease: Lease, *, correlation_id: str | None) -> None:
    """Keep the run's record and what the stream learnt from it; a failed agency is asked again later and later."""
    finished_at = datetime.now(UTC)
    async with database.begin() as connection:
        await connection.execute(
            insert(run).values(
                agency=record.agency,
                started_at=record.started_at,
                finished_at=finished_at,
                outcome=record.outcome,
                message=record.message,
                since=record.since,
                until=record.until,
                pages=record.pages,
                received=record.received,
                added=record.added,
                changed=record.changed,
                quarantined=record.quarantined,
                correlation_id=correlation_id,
            )
        )
        mine = (stream.c.agency == record.agency) & (stream.c.lease_epoch == lease.epoch)
        if record.outcome == "ok":
            values: dict[str, Any] = {
                "last_succeeded_at": finished_at,
                "failures_in_a_row": 0,
                "last_failure": None,
                "last_seconds": (finished_at - record.started_at).total_seconds(),
            }
            if record.clock_skew_seconds is not None:
                values["clock_skew_seconds"] = record.clock_skew_seconds
        elif record.outcome == "fenced":
            return
        elif record.outcome == Withheld.kind:
            # The agency was not asked, so it has not failed either.
            later = finished_at + timedelta(seconds=record.retry_after or 0)
            values = {"next_due_at": func.greatest(stream.c.next_due_at, later)}
        else:
            wait = min(timedelta(seconds=5) * 2 ** min(lease.failures_before, 10), MAX_BACKOFF)
            values = {
                "last_failed_at": finished_at,
                "last_failure": record.message,
                "failures_in_a_row": lease.failures_before + 1,
                "next_due_at": func.greatest(stream.c.next_due_at, finished_at + wait),
            }
        await connection.execute(update(stream).where(mine).values(values))


async def due(connection: AsyncConnection, every: dict[str, int]) -> list[str]:
    """The agencies whose time has come; each is due again after its `every` seconds. Missed times collapse."""
    found = await connection.execute(
        select(stream.c.agency)
        .where(stream.c.agency.in_(every), stream.c.next_due_at <= func.now())
        .order_by(stream.c.agency)
        .with_for_update(skip_locked=True)
    )
    agencies = list(found.scalars())
    for agency in agencies:
        await connection.execute(
            update(stream)
            .where(stream.c.agency == agency)
            .values(next_due_at=func.now() + timedelta(seconds=every[agency]))
        )
    return agencies


async def prune_runs(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(delete(run).where(run.c.started_at < func.now() - RUNS_KEPT_FOR))
