"""The clock and the engine: due work is done, one clock leads, a dead worker's job is taken over."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

from contracts.adapter import Page
from hub.db import Database, is_away
from hub.index.record import record
from hub.index.tables import archive, dossier
from hub.intake.inbox import Inbox
from hub.registry import Registry
from hub.streams import store, turns
from hub.streams.tables import run, stream
from hub.vault import Vault
from sync_jobs import engine
from sync_jobs.clock import Clock
from sync_jobs.engine import Worker
from tests.observations import T0
from tests.observations import observation as said
from tests.parts import Told, no_news, pulled_spec

SPEC = pulled_spec(every=timedelta(seconds=1))
SECONDS = 30


def registry_with(*adapters: Told) -> Registry:
    return Registry({it.spec.id: it.spec for it in adapters}, {it.spec.id: it for it in adapters})


@asynccontextmanager
async def working(
    database: Database, vault: Vault, registry: Registry, *, lease_seconds: int = 2, archive_years: int | None = None
) -> AsyncIterator[Worker]:
    await store.ensure(database, registry.synced())
    inbox = Inbox(database, vault, registry)
    worker = Worker(database, registry, vault, inbox, no_news, lease_seconds=lease_seconds, archive_years=archive_years)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await asyncio.wait_for(task, SECONDS)


@asynccontextmanager
async def ticking(database: Database, registry: Registry) -> AsyncIterator[None]:
    clock = Clock(database, registry)
    task = asyncio.create_task(clock.run())
    try:
        yield
    finally:
        clock.stop()
        await asyncio.wait_for(task, SECONDS)


async def until(holds: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(SECONDS):
        while not (result := await holds()):
            await asyncio.sleep(0.05)
    return result


async def scalar(database: Database, statement: Any) -> Any:
    async with database.begin() as connection:
        return (await connection.execute(statement)).scalar()


async def test_what_is_due_is_pulled_and_is_due_again(database: Database, vault: Vault) -> None:
    registry = registry_with(Told(SPEC, [[said(status=4)]]))
    async with working(database, vault, registry), ticking(database, registry):
        await until(lambda: scalar(database, select(func.count() >= 2).select_from(run)))
    assert await scalar(database, select(dossier.c.status)) == 4
    assert await scalar(database, select(func.count()).select_from(dossier)) == 1


async def test_missed_ticks_are_one_run(database: Database) -> None:
    spec = pulled_spec(every=timedelta(hours=1))
    await store.ensure(database, [spec])
    async with database.begin() as connection:
        await connection.execute(update(stream).values(next_due_at=func.now() - timedelta(hours=5)))
    for expected in ([spec.id], []):
        async with database.begin() as connection:
            found = await turns.due(connection, {spec.id: spec})
            assert [each.agency for each in found] == expected
            await turns.handed_out(connection, found)


async def test_what_is_due_while_it_is_at_work_is_handed_out_after(database: Database, vault: Vault) -> None:
    """Or what gave way would wait for its plan, which for a reconcile is a day."""
    spec = pulled_spec(every=timedelta(days=1))
    registry = registry_with(Told(spec, [[said(status=4)]]))
    await store.ensure(database, [spec])
    async with database.begin() as connection:
        await engine.enqueue(connection, [engine.Wanted("pull", spec.id)])
        await connection.execute(text("UPDATE pgqueuer SET status = 'picked', queue_manager_id = gen_random_uuid()"))
    async with ticking(database, registry):
        await asyncio.sleep(2)
        assert await scalar(database, select(stream.c.next_due_at <= func.now()))
        async with database.begin() as connection:
            await connection.execute(text("DELETE FROM pgqueuer"))
        await until(lambda: scalar(database, text("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'pull'")))
        await until(lambda: scalar(database, select(stream.c.next_due_at > func.now())))


async def test_each_night_a_part_of_what_was_finished_long_ago_is_packed(database: Database, vault: Vault) -> None:
    async with database.begin() as connection:
        finished = T0 - timedelta(days=6 * 365)
        await record(connection, [said(f"A-{n}", status=10, finished_at=finished) for n in range(200)], vault)
        await connection.execute(update(dossier).values(updated_at=finished))
        await engine.enqueue(connection, [engine.ARCHIVE])
    async with working(database, vault, registry_with(), archive_years=5):
        await until(lambda: scalar(database, select(func.count()).select_from(archive)))
        assert await scalar(database, select(func.count()).select_from(archive)) == 2


async def test_a_job_that_waits_is_not_doubled(database: Database) -> None:
    for _ in range(3):
        async with database.begin() as connection:
            await engine.enqueue(connection, [engine.Wanted("pull", SPEC.id), engine.SWEEP])
    assert await scalar(database, text("SELECT count(*) FROM pgqueuer")) == 2


async def test_workers_are_woken_by_new_jobs_alone(database: Database) -> None:
    """Each wakes all of them: what one has picked or done would cost the more the more there are."""
    heard: list[object] = []
    listening = await database.connect_alone()
    await listening.add_listener("ch_pgqueuer", lambda *message: heard.append(message))
    for statement, expected in (
        (None, 1),
        ("UPDATE pgqueuer SET status = 'picked', queue_manager_id = gen_random_uuid()", 1),
        ("DELETE FROM pgqueuer", 1),
        (None, 2),
    ):
        async with database.begin() as connection:
            if statement:
                await connection.execute(text(statement))
            else:
                await engine.enqueue(connection, [engine.SWEEP])
        # Notifications come before the answer to whatever is asked after them.
        await listening.fetchval("SELECT 1")
        assert len(heard) == expected, statement
    await listening.close()


async def test_enqueueing_is_part_of_the_transaction(database: Database) -> None:
    async with database.trial() as connection:
        await engine.enqueue(connection, [engine.SWEEP])
    assert await scalar(database, text("SELECT count(*) FROM pgqueuer")) == 0


async def test_one_clock_leads_and_another_takes_over(database: Database) -> None:
    registry = registry_with(Told(SPEC, [[]]))
    leaders = text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = "
        "(SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    async with ticking(database, registry):
        async with ticking(database, registry):
            await until(lambda: scalar(database, leaders))
            await asyncio.sleep(1.5)
            assert await scalar(database, leaders) == 1
            # As a died process: its connection, and with it the lock, is gone.
            await scalar(
                database,
                text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"),
            )
            await until(lambda: scalar(database, leaders))
        await until(lambda: scalar(database, leaders))


async def test_a_dead_workers_job_is_taken_over(database: Database, vault: Vault) -> None:
    """It is picked by a worker whose heartbeat has stopped: exactly what SIGKILL leaves."""
    registry = registry_with(Told(SPEC, [[said(status=4)]]))
    async with database.begin() as connection:
        await engine.enqueue(connection, [engine.Wanted("pull", SPEC.id)])
        await connection.execute(
            text(
                "UPDATE pgqueuer SET status = 'picked', queue_manager_id = gen_random_uuid(), slot = 0,"
                " heartbeat = now() - interval '1 minute'"
            )
        )
    async with working(database, vault, registry):
        await until(lambda: scalar(database, select(dossier.c.status)))


async def test_a_failing_job_stays_to_be_seen(database: Database, vault: Vault) -> None:
    """And the agency is pulled all the same at its next time."""

    class Broken(Told):
        async def changes(self, *args: Any, **options: Any) -> AsyncIterator[Page]:
            if not self.asked:
                self.asked.append(args)
                raise ZeroDivisionError("a bug of ours")
            async for page in super().changes(*args, **options):
                yield page

    registry = registry_with(Broken(SPEC, [[said(status=4)]]))
    async with working(database, vault, registry), ticking(database, registry):
        await until(lambda: scalar(database, select(dossier.c.status)))
    outcomes = select(run.c.outcome).order_by(run.c.id)
    assert await scalar(database, outcomes) == "error"


async def test_a_worker_goes_on_after_the_database_was_away(database: Database, vault: Vault) -> None:
    registry = registry_with(Told(SPEC, [[said(status=4)]]))
    async with working(database, vault, registry):
        await until(lambda: scalar(database, text("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%LISTEN%'")))
        await scalar(
            database,
            text(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            ),
        )
        # Ours may be among them, and not know it yet.
        async for attempt in AsyncRetrying(retry=retry_if_exception(is_away), stop=stop_after_attempt(5)):
            with attempt:
                async with database.begin() as connection:
                    await engine.enqueue(connection, [engine.Wanted("pull", SPEC.id)])
        await until(lambda: scalar(database, select(dossier.c.status)))


async def test_it_is_known_how_far_behind_an_agency_is(database: Database, vault: Vault) -> None:
    registry = registry_with(Told(SPEC, [[said(status=4)]]))
    before = datetime.now(UTC)
    async with working(database, vault, registry), ticking(database, registry):
        covered = await until(lambda: scalar(database, select(stream.c.covered_until)))
    assert covered >= before - timedelta(seconds=10)


async def test_who_has_used_the_least_goes_first(database: Database) -> None:
    """And who was away for long is next, and not first for as long as the others were busy."""
    for jobs in (
        [engine.Wanted("pull", "so-a", 500), engine.Wanted("pull", "so-b", 20), engine.Wanted("pull", "so-c", 90)],
        [engine.Wanted("pull", "so-d", 0), engine.Wanted("pull", "so-e", 300)],
        [engine.SWEEP],
    ):
        async with database.begin() as connection:
            await engine.enqueue(connection, jobs)
    async with database.begin() as connection:
        found = await connection.execute(
            text("SELECT coalesce(convert_from(payload, 'UTF8'), entrypoint) FROM pgqueuer ORDER BY priority DESC, id")
        )
        assert found.scalars().all() == ["sweep-inbox", "so-b", "so-d", "so-c", "so-e", "so-a"]


async def test_what_is_short_goes_on_while_long_work_has_all_other_hands(database: Database, vault: Vault) -> None:
    """More agencies than a worker has hands, of which none comes to an end, and one that has little to tell."""
    over = asyncio.Event()

    class Endless(Told):
        async def changes(self, *args: Any, **options: Any) -> AsyncIterator[Page]:
            self.asked.append(args)
            await over.wait()
            yield Page((), (), None)

    floods = [Endless(pulled_spec(f"so-tran-{number:02}"), []) for number in range(30)]
    registry = registry_with(*floods, Told(SPEC, [[said(status=4)]]))
    long = [engine.Wanted("pull", each.spec.id, spent=60, is_short=False) for each in floods]
    # However much of the workers it has used.
    short = engine.Wanted("pull", SPEC.id, spent=600)
    no_sweep = text("SELECT count(*) = 0 FROM pgqueuer WHERE entrypoint = 'sweep-inbox'")
    async with working(database, vault, registry, lease_seconds=60):
        try:
            async with database.begin() as connection:
                await engine.enqueue(connection, long)
            await until(lambda: asyncio.sleep(0, sum(bool(each.asked) for each in floods) == 20))
            async with database.begin() as connection:
                await engine.enqueue(connection, [short, engine.SWEEP])
            await until(lambda: scalar(database, select(dossier.c.status)))
            await until(lambda: scalar(database, no_sweep))
            assert sum(bool(each.asked) for each in floods) == 20
        finally:
            over.set()


@pytest.mark.parametrize(
    ("row", "is_short"),
    [
        ({"last_seconds": 0.0}, True),
        ({"last_seconds": 2.5}, True),
        ({"last_seconds": 40.0}, False),
        ({"window": {}}, False),
        ({"failures_in_a_row": 1}, False),
        ({"kind": "backfill"}, False),
    ],
)
async def test_short_is_what_begins_and_was_done_soon_the_last_time(
    database: Database, row: dict[str, Any], is_short: bool
) -> None:
    await store.ensure(database, [SPEC])
    async with database.begin() as connection:
        await connection.execute(update(stream).values(row))
        assert [each.is_short for each in await turns.due(connection, {SPEC.id: SPEC})] == [is_short]
