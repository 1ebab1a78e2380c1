"""The engine: PgQueuer hands due work to worker processes, one job per stream at a time.

A job carries nothing but the name of its agency; what it is to do stands in our tables. One that is lost is
enqueued again by the next tick of the clock, and one that runs twice is fenced by its stream's epoch.

Workers are shared out fairly: whose stream has used the fewest seconds of them goes first, and a job that has
worked for a while gives way to one that waits. And some hands of each worker take only what is short, so that it need
not wait until something long gives way. A flood of some agencies is no delay for the others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import TypeAlias
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
from hub.db import RETRY_SECONDS, ClockWrong, Database, connect, driver_of, is_away
from hub.index.archive import archive, tonight
from hub.index.tallies import VIETNAM
from hub.intake.inbox import Inbox
from hub.log import bind_correlation
from hub.quarantine.replay import replay
from hub.registry import Registry
from hub.streams import turns
from hub.streams.store import Kind
from hub.vault import Vault
from sync_jobs.backfill import backfill
from sync_jobs.pull import pull
from sync_jobs.reading import GiveWay
from sync_jobs.recheck import settle_contradictions
from sync_jobs.reconcile import reconcile
from sync_jobs.watch import watch

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A job to be done."""

    name: str
    #: Whose; none for work that is no agency's.
    agency: str | None = None
    #: Seconds of workers that its stream has used. The smaller goes first.
    spent: float = 0
    #: Whether it will be done soon, as far as one knows.
    is_short: bool = True

    @property
    def key(self) -> str:
        return f"{self.name}:{self.agency}" if self.agency else self.name

    @property
    def entrypoint(self) -> str:
        """What the engine knows it as: which of a worker's hands may take it."""
        return self.name if self.is_short else _LONG + self.name


#: How a stream of one kind is read.
Read: TypeAlias = Callable[[AgencyAdapter, GiveWay], Awaitable[None]]

SWEEP = Wanted("sweep-inbox")
REPLAY = Wanted("replay-quarantine")
ARCHIVE = Wanted("archive")

#: The engine looks by itself this often; NOTIFY wakes it sooner.
_POLL = timedelta(seconds=5)
#: And this often while jobs wait for which it has no room.
_POLL_FULL = timedelta(seconds=0.05)
_BATCH = 5
#: An answer that takes longer does not come any more: a lost link need not tell us that it is lost.
_ANSWER_SECONDS = 60
#: So many hands of a worker take any job, and so many more nothing but short ones.
_AT_ONCE = 20
_SHORT_AT_ONCE = 10
_LONG = "long-"

#: A job looks this often whether another waits, to which it then gives way.
_SLICE_SECONDS = 1.0

#: Priorities are whole numbers, the highest first: the seconds spent, as tenths, below nought.
_TICKS = 10
_URGENT = 1
_TURN = text("SELECT max(priority) FROM pgqueuer WHERE status = 'queued' AND priority <= 0")
_OTHERS_WAIT = text("SELECT EXISTS (SELECT FROM pgqueuer WHERE status = 'queued' AND execute_after <= now())")


async def enqueue(connection: AsyncConnection, jobs: Sequence[Wanted]) -> list[bool]:
    """Ask for the jobs within the caller's transaction. One that is waiting or running is not doubled: of that, False
    is returned in its place."""
    if not jobs:
        return []
    # Who was away for long is next, and not first for as long as the others were busy.
    turn = (await connection.execute(_TURN)).scalar() or 0
    made = await Queries(AsyncpgDriver(driver_of(connection))).enqueue(
        [job.entrypoint for job in jobs],
        [job.agency.encode() if job.agency else None for job in jobs],
        [min(turn, -int(job.spent * _TICKS)) if job.agency else _URGENT for job in jobs],
        dedupe_key=[job.key for job in jobs],
        on_conflict="skip",
    )
    return [each is not None for each in made]


class Worker:
    """Works until stopped; any number of them, in any number of processes, share the work."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        vault: Vault,
        inbox: Inbox,
        catch_up: Callable[[], Awaitable[None]],
        *,
        lease_seconds: int,
        archive_years: int | None = None,
    ) -> None:
        """`catch_up` has the registry know the specs that are at work now. `lease_seconds`: how long a dead worker's
        job stays its own before another takes it over. `archive_years`: how long after a dossier was finished its
        history is packed; None: never."""
        self._database = database
        self._registry = registry
        self._vault = vault
        self._inbox = inbox
        self._catch_up = catch_up
        self._replay_wanted = asyncio.Event()
        self._lease = timedelta(seconds=lease_seconds)
        self._archive_years = archive_years
        self._stopping = asyncio.Event()
        self._managers: list[QueueManager] = []

    async def run(self) -> None:
        """Work until `stop`. A lost database connection is a pause, not an end, and so is a wrong clock."""
        while not self._stopping.is_set():
            try:
                await self._database.check_clock()
                await self._work()
            except ClockWrong as error:
                log.error("worker.clock_wrong", reason=str(error))
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as error:
                if is_away(error):
                    log.warning("worker.interrupted", reason=type(error).__name__)
                else:
                    log.exception("worker.failed")
                await asyncio.sleep(RETRY_SECONDS)

    def stop(self) -> None:
        """Take no more jobs; `run` returns when those at hand are done."""
        self._stopping.set()
        self._leave_off()

    def _leave_off(self) -> None:
        """Take no more jobs until work begins anew."""
        for manager in self._managers:
            manager.shutdown.set()

    async def _work(self) -> None:
        # Each of the two managers keeps one connection for itself, on which it hears of jobs.
        pool = await asyncpg.create_pool(
            self._database.url, min_size=3, max_size=6, connect=connect, command_timeout=_ANSWER_SECONDS
        )
        every, short = self._manager(pool, long=True), self._manager(pool, long=False)
        # This version of the hub may understand more of the quarantine than the one before.
        self._replay_wanted.set()
        self._managers = [every, short]
        ordering = asyncio.create_task(self._order_replays())
        try:
            if self._stopping.is_set():
                return
            ended = await asyncio.gather(
                self._hands(every, _AT_ONCE), self._hands(short, _SHORT_AT_ONCE), return_exceptions=True
            )
        finally:
            ordering.cancel()
            # To close it would be to wait for each connection to be given back. PgQueuer does not give back the one on
            # which it listens where that has failed in certain ways, and the worker would wait for ever.
            pool.terminate()
        for error in ended:
            if error:
                raise error

    def _manager(self, pool: "asyncpg.Pool[asyncpg.Record]", *, long: bool) -> QueueManager:
        """Of hands that take any job, or none that is `long`."""
        manager = QueueManager(Queries(AsyncpgPoolDriver(pool)))
        manager.min_dequeue_poll_interval = _POLL_FULL
        reads: dict[Kind, Read] = {
            "pull": self._pull,
            "reconcile": self._reconcile,
            "watch": self._watch,
            "backfill": self._backfill,
        }
        for kind, read in reads.items():
            self._serve(manager, kind, partial(self._slice, kind, read))
            if long:
                self._serve(manager, _LONG + kind, partial(self._slice, kind, read))
        self._serve(manager, SWEEP.name, self._sweep, together=1)
        self._serve(manager, REPLAY.name, self._replay, together=1)
        self._serve(manager, ARCHIVE.name, self._archive, together=1)
        return manager

    async def _hands(self, manager: QueueManager, count: int) -> None:
        """Where some hands must leave off, so must the others."""
        try:
            async with manager.queries.driver as driver:
                # PgQueuer asks at once whether it hears itself, which may be before it has begun to listen: then it
                # would give up after ten seconds. So this connection listens already.
                await driver.add_listener(manager.channel, lambda _: None)
                await manager.run(
                    dequeue_timeout=_POLL,
                    batch_size=_BATCH,
                    max_concurrent_tasks=count,
                    heartbeat_timeout=self._lease,
                    shutdown_on_listener_failure=True,
                )
        finally:
            self._leave_off()

    def _serve(
        self, manager: QueueManager, name: str, work: Callable[[str], Awaitable[None]], *, together: int = 0
    ) -> None:
        async def handle(job: Job) -> None:
            bind_correlation(f"job-{uuid4().hex[:16]}")
            await work((job.payload or b"").decode())

        # "hold": the default deletes what failed, and with it the only sign that something did.
        manager.entrypoint(name, concurrency_limit=together, on_failure="hold")(handle)

    async def _slice(self, kind: Kind, read: Read, agency: str) -> None:
        adapter = self._registry.adapter(agency)
        if adapter is None:
            return
        way = _Way(self._database, self._stopping)
        try:
            await read(adapter, way.give)
        except ClockWrong:
            # Others may take it; this worker takes no more until its clock is right.
            way.given = True
            self._leave_off()
        await turns.spend(self._database, agency, kind, way.seconds, again=way.given)

    async def _pull(self, adapter: AgencyAdapter, give_way: GiveWay) -> None:
        await pull(self._database, adapter, self._vault, give_way=give_way)
        await settle_contradictions(self._database, adapter, self._vault)

    async def _reconcile(self, adapter: AgencyAdapter, give_way: GiveWay) -> None:
        await reconcile(self._database, adapter, self._vault, give_way=give_way)

    async def _backfill(self, adapter: AgencyAdapter, give_way: GiveWay) -> None:
        await backfill(self._database, adapter, self._vault, give_way=give_way)

    async def _watch(self, adapter: AgencyAdapter, _give_way: GiveWay) -> None:
        plan = adapter.spec.plan("watch")
        await watch(self._database, adapter, self._vault, seconds=(plan and plan.every_seconds) or 60)

    async def _sweep(self, _: str) -> None:
        await self._inbox.apply_waiting()

    async def specs_changed(self, _agencies: list[str]) -> None:
        """Have the quarantine read again: more of it may be understood."""
        self._replay_wanted.set()

    async def _order_replays(self) -> None:
        while True:
            await self._replay_wanted.wait()
            self._replay_wanted.clear()
            try:
                async with self._database.begin() as connection:
                    if all(await enqueue(connection, [REPLAY])):
                        continue
            except Exception as error:
                log.warning("worker.replay_not_ordered", reason=type(error).__name__)
            # One that is under way may be past what is understood by now.
            self._replay_wanted.set()
            await asyncio.sleep(RETRY_SECONDS)

    async def _replay(self, _: str) -> None:
        # Whoever has ordered it knows the newest specs; this process may not yet.
        await self._catch_up()
        for adapter in self._registry.adapters():
            await replay(self._database, adapter, self._vault)

    async def _archive(self, _: str) -> None:
        if self._archive_years is None:
            return
        ids = await tonight(self._database, datetime.now(VIETNAM).date())
        done = await archive(self._database, self._archive_years, ids=ids)
        log.info("index.archived", dossiers=done.dossiers.total(), lines=done.lines)


class _Way:
    """Tells one job whether to give way, and remembers whether it did."""

    def __init__(self, database: Database, stopping: asyncio.Event) -> None:
        self._database, self._stopping = database, stopping
        self._began = self._looked = monotonic()
        self.given = False

    @property
    def seconds(self) -> float:
        return monotonic() - self._began

    async def give(self) -> bool:
        if self._stopping.is_set():
            self.given = True
        elif monotonic() - self._looked >= _SLICE_SECONDS:
            async with self._database.begin() as connection:
                self.given = bool((await connection.execute(_OTHERS_WAIT)).scalar())
            self._looked = monotonic()
        return self.given


async def prune(connection: AsyncConnection) -> None:
    """Forget finished jobs after a day, and failed ones after a month."""
    driver = driver_of(connection)
    await driver.execute("DELETE FROM pgqueuer_log WHERE created < now() - interval '1 day'")
    await driver.execute("DELETE FROM pgqueuer_statistics WHERE created < now() - interval '30 days'")
    await driver.execute("DELETE FROM pgqueuer WHERE status = 'failed' AND updated < now() - interval '30 days'")
