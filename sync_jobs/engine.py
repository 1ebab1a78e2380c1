"""The engine: PgQueuer hands due work to worker processes, one job per agency at a time.

A job carries nothing but its name; what it is to do stands in our tables. One that is lost is enqueued
again by the next tick of the clock, and one that runs twice is fenced by its stream's epoch.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from functools import partial
from uuid import uuid4

import asyncpg
import structlog
from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.models import Job
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.adapter import AgencyAdapter
from hub.db import DATABASE_AWAY, RETRY_SECONDS, Database
from hub.intake.inbox import Inbox
from hub.log import bind_correlation
from hub.quarantine.replay import replay
from hub.registry import Registry
from hub.vault import Vault
from sync_jobs.pull import pull
from sync_jobs.recheck import settle_contradictions

log = structlog.get_logger()

SWEEP = "sweep-inbox"
REPLAY = "replay-quarantine"

#: The engine looks by itself this often; NOTIFY wakes it sooner.
_POLL = timedelta(seconds=5)
_BATCH = 10


def pull_job(agency: str) -> str:
    return f"pull:{agency}"


async def enqueue(connection: AsyncConnection, names: Iterable[str]) -> None:
    """Ask for the named jobs within the caller's transaction. One that is waiting or running is not doubled."""
    wanted = list(names)
    if not wanted:
        return
    await Queries(AsyncpgDriver(await _driver(connection))).enqueue(
        wanted, [None] * len(wanted), [0] * len(wanted), dedupe_key=list(wanted), on_conflict="skip"
    )


async def _driver(connection: AsyncConnection) -> "asyncpg.Connection[asyncpg.Record]":
    """The driver's connection, inside SQLAlchemy's transaction."""
    # SQLAlchemy opens the transaction with its own first statement; without one, what the driver does is
    # committed at once.
    await connection.execute(text("SELECT 1"))
    driver = (await connection.get_raw_connection()).driver_connection
    assert isinstance(driver, asyncpg.Connection)
    return driver


class Worker:
    """Works until stopped; any number of them, in any number of processes, share the work."""

    def __init__(
        self, database: Database, registry: Registry, vault: Vault, inbox: Inbox, *, lease_seconds: int
    ) -> None:
        """`lease_seconds`: how long a dead worker's job stays its own before another takes it over."""
        self._database = database
        self._registry = registry
        self._vault = vault
        self._inbox = inbox
        self._lease = timedelta(seconds=lease_seconds)
        self._stopping = asyncio.Event()
        self._manager: QueueManager | None = None

    async def run(self) -> None:
        """Work until `stop`. A lost database connection is a pause, not an end."""
        while not self._stopping.is_set():
            try:
                await self._work()
            except DATABASE_AWAY as error:
                log.warning("worker.interrupted", reason=str(error) or type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
            except Exception:
                log.exception("worker.failed")
                await asyncio.sleep(RETRY_SECONDS)

    def stop(self) -> None:
        """Take no more jobs; `run` returns when those at hand are done."""
        self._stopping.set()
        if self._manager:
            self._manager.shutdown.set()

    async def _work(self) -> None:
        async with asyncpg.create_pool(self._database.url, min_size=2, max_size=4) as pool:
            manager = QueueManager(Queries(AsyncpgPoolDriver(pool)))
            for spec in self._registry.synced():
                adapter = self._registry.adapter(spec.id)
                assert adapter is not None, "synced agencies are enabled"
                self._serve(manager, pull_job(spec.id), partial(self._pull, adapter))
            self._serve(manager, SWEEP, self._sweep)
            self._serve(manager, REPLAY, self._replay)
            # Specs change only at a start, so that is when more of the quarantine may be understood.
            async with self._database.begin() as connection:
                await enqueue(connection, [REPLAY])
            self._manager = manager
            if self._stopping.is_set():
                return
            await manager.run(
                dequeue_timeout=_POLL,
                batch_size=_BATCH,
                heartbeat_timeout=self._lease,
                shutdown_on_listener_failure=True,
            )

    def _serve(self, manager: QueueManager, name: str, work: Callable[[], Awaitable[None]]) -> None:
        async def handle(_job: Job) -> None:
            bind_correlation(f"job-{uuid4().hex[:16]}")
            await work()

        # "hold": the default deletes what failed, and with it the only sign that something did.
        manager.entrypoint(name, concurrency_limit=1, on_failure="hold")(handle)

    async def _pull(self, adapter: AgencyAdapter) -> None:
        await pull(self._database, adapter, self._vault)
        await settle_contradictions(self._database, adapter, self._vault)

    async def _sweep(self) -> None:
        await self._inbox.apply_waiting()

    async def _replay(self) -> None:
        for adapter in self._registry.adapters():
            await replay(self._database, adapter, self._vault)


async def prune(connection: AsyncConnection) -> None:
    """Forget finished jobs after a day, and failed ones after a month."""
    driver = await _driver(connection)
    await driver.execute("DELETE FROM pgqueuer_log WHERE created < now() - interval '1 day'")
    await driver.execute("DELETE FROM pgqueuer_statistics WHERE created < now() - interval '30 days'")
    await driver.execute("DELETE FROM pgqueuer WHERE status = 'failed' AND updated < now() - interval '30 days'")
