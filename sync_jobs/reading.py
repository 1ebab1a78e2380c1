"""What every reading of an agency shares: a run under a lease, its record, and pages committed with their position."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeAlias

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.adapter import Page, Position
from contracts.agency import Sync
from contracts.errors import AgencyFailure, Malformed, Rejected, Withheld
from hub import quarantine
from hub.calls.counting import counting
from hub.db import Database
from hub.index.record import Recorded, record
from hub.log import correlation_id
from hub.streams import store
from hub.streams.store import Fenced, Lease, RunRecord
from hub.telemetry import OBSERVATIONS, RUNS
from hub.vault import Vault

log = structlog.get_logger()

#: Asked between two pages: whether another job waits for the worker.
GiveWay: TypeAlias = Callable[[], Awaitable[bool]]
#: One page of what there is, from a position on.
Ask: TypeAlias = Callable[[Position | None], AsyncIterator[Page]]
#: What else is to be committed with a page, and noted in the run as it then is.
Beside: TypeAlias = Callable[[AsyncConnection, Page, Recorded, RunRecord], Awaitable[None]]


async def never() -> bool:
    return False


async def nothing(_connection: AsyncConnection, _page: Page, _recorded: Recorded, _run: RunRecord) -> None:
    pass


async def under_lease(
    database: Database, run: RunRecord, sync: Sync, work: Callable[[Lease], Awaitable[bool]]
) -> RunRecord:
    """Take the run's stream, do `work`, which says whether it came to its end, and keep the record. Never raises for
    what the agency does: that is in the record."""
    lease = await store.take(database, run, sync)
    try:
        with counting() as calls:
            try:
                finished = await work(lease)
            finally:
                run.calls = calls.made
        if run.outcome == "running":
            run.outcome = "ok" if finished else "gave_way"
    except AgencyFailure as failure:
        run.outcome, run.message = failure.kind, failure.message
        run.retry_after = getattr(failure, "retry_after", None)
        if isinstance(failure, Malformed):
            # The place we went on from may be what the agency cannot make sense of: begin the window anew.
            await store.forget_position(database, lease)
    except Fenced:
        run.outcome, run.message = "fenced", "another run has taken over"
    except Exception as error:
        run.outcome, run.message = "error", f"the hub failed: {type(error).__name__}"
        log.exception("sync.run_failed", agency=run.agency, kind=run.kind)
    await store.finish(database, run, lease)
    RUNS.labels(run.agency, run.outcome).inc()
    _say_once(run, lease)
    log.info(
        "sync.run",
        agency=run.agency,
        kind=run.kind,
        outcome=run.outcome,
        # An agency's own words may name somebody; they stay out of the log.
        message=None if run.outcome == Rejected.kind else run.message,
        pages=run.pages,
        received=run.received,
        added=run.added,
        changed=run.changed,
        quarantined=run.quarantined,
        seconds=round((datetime.now(UTC) - run.started_at).total_seconds(), 3),
    )
    return run


def _say_once(run: RunRecord, lease: Lease) -> None:
    """When an agency goes down, and when it is back; the runs in between say the same in their records."""
    if run.outcome == "ok" and lease.failures_before:
        log.warning("agency.back", agency=run.agency, kind=run.kind, failed_runs=lease.failures_before)
    elif run.outcome not in ("ok", "fenced", "gave_way", Withheld.kind) and not lease.failures_before:
        log.warning("agency.down", agency=run.agency, kind=run.kind, outcome=run.outcome)


async def read_pages(
    database: Database,
    vault: Vault,
    lease: Lease,
    run: RunRecord,
    ask: Ask,
    *,
    give_way: GiveWay = never,
    beside: Beside = nothing,
) -> bool:
    """Read on from the lease's position, each page committed with the position after it. Returns False where it gave
    way before the end."""
    while True:
        async for page in ask(lease.position):
            async with database.begin() as connection:
                recorded = await record(connection, page.observations, vault, correlation_id=correlation_id())
                kept = await quarantine.keep(connection, page.unusable, vault, correlation_id=correlation_id())
                further = replace(
                    run,
                    pages=run.pages + page.complete,
                    received=run.received + len(page.observations),
                    added=run.added + recorded.added,
                    changed=run.changed + recorded.changed,
                    quarantined=run.quarantined + kept,
                    details=dict(run.details),
                )
                await beside(connection, page, recorded, further)
                if recorded.happened:
                    await store.note_lateness(connection, run.agency, recorded.happened)
                lease = await store.advance(connection, lease, page, further)
            run.become(further)
            OBSERVATIONS.labels(run.agency).inc(recorded.added)
        run.clock_skew_seconds = _skew(page)
        if lease.position is None:
            return True
        if await give_way():
            return False


def _skew(page: Page) -> float | None:
    """Seconds the agency's clock is ahead of ours. Its Date header has whole seconds, so half of one is added."""
    if page.agency_time is None:
        return None
    return (page.agency_time - datetime.now(UTC)).total_seconds() + 0.5
