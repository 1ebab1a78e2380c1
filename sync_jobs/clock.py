"""The clock: decides what is due and enqueues it. It does no work itself, and exactly one of them leads."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from time import monotonic, time
from typing import TypeAlias

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from hub.alerts import watch as alerts
from hub.calls import recorder
from hub.db import RETRY_SECONDS, Database, is_away
from hub.feed import keeping
from hub.index import parts, tallies
from hub.intake import keeping as inbox_keeping
from hub.live import claims
from hub.outbox import keeping as outbox_keeping
from hub.ownership import attempts
from hub.registry import Registry
from hub.streams import store, turns
from hub.telemetry import CLOCK_LEADS
from hub.watch import store as watch_store
from sync_jobs import engine

log = structlog.get_logger()

# Any number will do, as long as nobody else locks on it: "hub" and "clock" on a phone's keys.
_LEADER_LOCK = 482_25625

_HANGING_SECONDS = 10

#: An answer that takes longer does not come any more.
_ANSWER_SECONDS = 5

#: By so much a machine's clock is not corrected by and by.
_JUMP_SECONDS = 2

#: Looks at rows, and may change some; done again every few seconds.
Watch: TypeAlias = Callable[[], Awaitable[None]]

_TICK_SECONDS = 1
_SWEEP_SECONDS = 5
_FOLD_SECONDS = 10
_WATCH_SECONDS = 10
_SPLIT_MINUTES = 10
_PRUNE_HOURS = 6
_ARCHIVE_HOUR = 1


class Clock:
    """Ticks as long as it leads. When the leader dies, its lock falls and another clock takes over."""

    def __init__(self, database: Database, registry: Registry, beside: Sequence[Watch] = ()) -> None:
        """`beside`: what else whoever leads looks after."""
        self._database = database
        self._registry = registry
        self._beside = beside
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Lead, or wait to lead, until `stop`."""
        while not self._stopping.is_set():
            try:
                await self._lead()
            except Exception as error:
                # Whatever it is: what ends here ends the process.
                if is_away(error):
                    log.warning("clock.interrupted", reason=str(error) or type(error).__name__)
                else:
                    log.exception("clock.failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), timeout=RETRY_SECONDS)

    def stop(self) -> None:
        self._stopping.set()

    async def _lead(self) -> None:
        """Returns when another clock leads, when our lock's connection is gone, when this machine's clock was set, or
        when stopped."""
        connection = await self._database.connect_alone()
        try:
            # Of a leader that hangs, or whose machine does, the server ends the session, and with it the lock.
            await connection.execute(f"SET idle_session_timeout = '{_HANGING_SECONDS}s'", timeout=_ANSWER_SECONDS)
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LEADER_LOCK, timeout=_ANSWER_SECONDS):
                return
            log.info("clock.leads")
            CLOCK_LEADS.set(1)
            scheduler = self._scheduler()
            scheduler.start()
            set_at = time() - monotonic()
            try:
                while not self._stopping.is_set():
                    # The lock lives as long as this connection: once it is gone, another clock may lead.
                    await connection.fetchval("SELECT 1", timeout=_ANSWER_SECONDS)
                    # What is due is a matter of the database's clock. When to look is one of this machine's: set
                    # back by an hour, the scheduler would sleep for it.
                    if abs(time() - monotonic() - set_at) > _JUMP_SECONDS:
                        log.warning("clock.jumped", seconds=round(time() - monotonic() - set_at))
                        return
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._stopping.wait(), timeout=1)
            finally:
                scheduler.shutdown(wait=False)
                CLOCK_LEADS.set(0)
        finally:
            await connection.close(timeout=_ANSWER_SECONDS)

    def _scheduler(self) -> AsyncIOScheduler:
        # Jobs are made from code at each start and kept in memory: APScheduler 3 fires a stored job once per
        # process that shares the store.
        scheduler = AsyncIOScheduler(job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 30})
        scheduler.add_job(self._tick, "interval", seconds=_TICK_SECONDS)
        scheduler.add_job(self._enqueue, "interval", args=[engine.SWEEP], seconds=_SWEEP_SECONDS)
        scheduler.add_job(tallies.fold, "interval", args=[self._database], seconds=_FOLD_SECONDS)
        for look in self._beside:
            scheduler.add_job(look, "interval", seconds=_WATCH_SECONDS)
        scheduler.add_job(parts.split, "interval", args=[self._database], minutes=_SPLIT_MINUTES)
        scheduler.add_job(self._prune, "interval", hours=_PRUNE_HOURS)
        # When nobody is at work.
        scheduler.add_job(self._enqueue, "cron", args=[engine.ARCHIVE], hour=_ARCHIVE_HOUR, timezone=tallies.VIETNAM)
        return scheduler

    async def _tick(self) -> None:
        async with self._database.begin() as connection:
            found = await turns.due(connection, {spec.id: spec for spec in self._registry if spec.enabled})
            jobs = [engine.Wanted(each.kind, each.agency, each.spent, each.is_short) for each in found]
            taken = await engine.enqueue(connection, jobs)
            # Of what is still at work from the last time the time has come none the less: it is handed out after.
            await turns.handed_out(connection, [each for each, is_new in zip(found, taken, strict=True) if is_new])

    async def _enqueue(self, job: engine.Wanted) -> None:
        async with self._database.begin() as connection:
            await engine.enqueue(connection, [job])

    async def _prune(self) -> None:
        await recorder.prune(self._database)
        await store.prune_runs(self._database)
        await watch_store.prune(self._database)
        await alerts.prune(self._database)
        await keeping.prune(self._database)
        await claims.prune(self._database)
        await attempts.prune(self._database)
        await inbox_keeping.reduce(self._database)
        await outbox_keeping.prune(self._database)
        async with self._database.begin() as connection:
            await engine.prune(connection)
