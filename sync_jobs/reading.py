"""What every reading of an agency shares: a run under a lease, its record, and pages committed with their position."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeAlias

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.adapter import Page, Position
from contracts.agency import AgencySpec
from contracts.errors import AgencyFailure, Malformed, Rejected, Withheld
from hub import quarantine
from hub.calls.counting import counting
from hub.db import ClockWrong, Database
from hub.index.record import Recorded, record
from hub.log import correlation_id
from hub.streams import store
from hub.streams.shape import Shape, ShapeChanged, count_unreadable
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
    database: Database, run: RunRecord, spec: AgencySpec, work: Callable[[Lease], Awaitable[bool]]
) -> RunRecord:
    """Take the run's stream, do `work`, which says whether it came to its end, and keep the record. Never raises for
    what the agency does: that is in the record. Raises ClockWrong."""
    lease = await store.take(database, run, spec)
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
        run.retry_after, run.passing = getattr(failure, "retry_after", None), failure.passing
        if isinstance(failure, Malformed):
            # The place we went on from may be what the agency cannot make sense of: begin the window anew.
            await store.forget_position(database, lease)
    except ShapeChanged as change:
        run.outcome, run.message = change.kind, str(change)
    except Fenced:
        run.outcome, run.message = "fenced", "another run has taken over"
    except ClockWrong:
        # Nor could the end of the run be dated. Whoever takes the stream next closes it.
        raise
    except Exception as error:
        run.outcome, run.message, run.passing = "error", f"the hub failed: {type(error).__name__}", True
        log.exception("sync.run_failed", agency=run.agency, kind=run.kind)
    await store.finish(database, run, lease)
    RUNS.labels(run.agency, run.outcome).inc()
    say_once(run, lease, spec)
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


def say_once(run: RunRecord, lease: Lease, spec: AgencySpec) -> None:
    """When an agency goes down, and when it is back; the runs in between say the same in their records. Of its streams
    the one that is read most often speaks for it."""
    if run.kind != ("pull" if spec.sync else "watch"):
        return
    if run.outcome == "ok" and lease.failures_before:
        log.warning("agency.back", agency=run.agency, kind=run.kind, failed_runs=lease.failures_before)
    elif run.outcome not in ("ok", "fenced", "gave_way", Withheld.kind) and not lease.failures_before:
        log.warning("agency.down", agency=run.agency, kind=run.kind, outcome=run.outcome)


async def read_pages(
    database: Database,
    vault: Vault,
    spec: AgencySpec,
    lease: Lease,
    run: RunRecord,
    ask: Ask,
    *,
    give_way: GiveWay = never,
    beside: Beside = nothing,
) -> bool:
    """Read on from the lease's position, each page committed with the position after it. Returns False where it gave
    way before the end. Raises ShapeChanged before anything is taken in that the agency may not have meant.

    The next page is asked for while one is stored, where that may be: most agencies take longer to answer than we do to
    store it.
    """
    ahead: _Ahead | None = None
    try:
        while True:
            pages, ahead = ahead.pages() if ahead else ask(lease.position), None
            gives_way = False
            async for page in pages:
                if page.complete and page.next is not None:
                    # Decided before the next page is asked for, which is not to be asked for in vain.
                    gives_way = await give_way()
                    if page.free and not gives_way:
                        ahead = _Ahead(ask(page.next))
                lease = await _take_in(database, vault, spec, lease, run, page, beside)
            run.clock_skew_seconds = _skew(page)
            if lease.position is None:
                return True
            if gives_way:
                return False
    finally:
        if ahead:
            await ahead.leave()


class _Ahead:
    """Pages of which the first is being asked for already."""

    def __init__(self, pages: AsyncIterator[Page]) -> None:
        self._pages = pages
        self._first = asyncio.create_task(self._next())

    async def _next(self) -> Page | None:
        return await anext(self._pages, None)

    async def pages(self) -> AsyncIterator[Page]:
        """Raises what asking for the first of them has raised."""
        page = await self._first
        while page is not None:
            yield page
            page = await self._next()

    async def leave(self) -> None:
        """Nobody wants them any more, nor what asking for them has raised."""
        self._first.cancel()
        await asyncio.gather(self._first, return_exceptions=True)
        if isinstance(self._pages, AsyncGenerator):
            await self._pages.aclose()


async def _take_in(
    database: Database, vault: Vault, spec: AgencySpec, lease: Lease, run: RunRecord, page: Page, beside: Beside
) -> Lease:
    """Store the page with the position after it, and what the run has come to with it."""
    unreadable = run.details.get("unreadable", 0) + count_unreadable(page)
    shape = await _examined(database, vault, spec, lease, run, page, unreadable)
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
            done=(run.done or 0) + len(page.observations),
            total=page.total if run.total is None else run.total,
            details=run.details | ({"unreadable": unreadable} if unreadable else {}),
        )
        await beside(connection, page, recorded, further)
        if recorded.happened:
            await store.note_lateness(connection, run.agency, recorded.happened)
        lease = await store.advance(connection, replace(lease, shape=shape), page, further)
    run.become(further)
    OBSERVATIONS.labels(run.agency).inc(recorded.added)
    return lease


async def _examined(
    database: Database, vault: Vault, spec: AgencySpec, lease: Lease, run: RunRecord, page: Page, unreadable: int
) -> Shape:
    """The shape with the page. Raises ShapeChanged where that is not what the agency's pages were, and keeps what
    cannot be read of it; an admin who orders a run has it taken as it is."""
    shape = lease.shape.after(page, datetime.now(UTC))
    for word in shape.words:
        if word not in lease.shape.words:
            log.warning("agency.unknown_status", agency=run.agency, word=word)
    for name in shape.gone:
        if name not in lease.shape.gone:
            log.warning("agency.field_gone", agency=run.agency, field=name)
    # A reconcile weighs by itself how much it saw.
    ends = page.complete and page.next is None and lease.kind == "pull"
    read = run.received + len(page.observations)
    why = shape.objection(spec, unreadable=unreadable, read=read, was=lease.shape, ends=ends)
    if why is None or run.reason == "admin":
        return shape
    async with database.begin() as connection:
        await quarantine.keep(connection, page.unusable, vault, correlation_id=correlation_id())
    raise ShapeChanged(why)


def _skew(page: Page) -> float | None:
    """Seconds the agency's clock is ahead of ours. Its Date header has whole seconds, so half of one is added."""
    if page.agency_time is None:
        return None
    return (page.agency_time - datetime.now(UTC)).total_seconds() + 0.5
