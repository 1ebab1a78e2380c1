"""Between the last word of a server and the end of its connection: who works in the background goes on after it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from hub.db import DATABASE_AWAY, Database
from hub.index.tables import dossier
from hub.vault import Vault
from sync_jobs import engine
from tests.link import Link, linked
from tests.observations import observation as said
from tests.parts import Told
from tests.sync_jobs.test_worker_and_clock import SPEC, registry_with, scalar, ticking, until, working

_LISTENING = text(
    "SELECT count(*) >= 2 FROM pg_stat_activity"
    " WHERE query LIKE 'LISTEN%' AND state = 'idle' AND datname = current_database()"
)
_NOTHING_WAITS = text("SELECT count(*) = 0 FROM pgqueuer WHERE status IN ('queued', 'picked')")
_LEADING = text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = "
    "(SELECT oid FROM pg_database WHERE datname = current_database())"
)


@pytest.fixture
async def far(database_url: str) -> AsyncIterator[tuple[Database, Link]]:
    """The database by way of a link, and the link."""
    async with linked(database_url) as (url, link):
        opened = await Database.open(url)
        yield opened, link
        link.end()
        await opened.close()


async def test_a_worker_goes_on(
    database: Database, far: tuple[Database, Link], vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection on which PgQueuer listens cannot be reset then, and PgQueuer does not give it back: to wait for it
    would be to wait for ever."""
    monkeypatch.setattr(engine, "_POLL", timedelta(seconds=0.2))
    away, link = far
    async with working(away, vault, registry_with(Told(SPEC, [[said(status=4)]]))):
        for job in (engine.SWEEP, engine.Wanted("pull", SPEC.id)):
            async with database.begin() as connection:
                await engine.enqueue(connection, [job])
            await until(lambda: scalar(database, _NOTHING_WAITS))
            await until(lambda: scalar(database, _LISTENING))
            assert await link.die()
    assert await scalar(database, select(dossier.c.status)) == 4


async def test_a_worker_can_be_stopped(database: Database, far: tuple[Database, Link], vault: Vault) -> None:
    away, link = far
    async with working(away, vault, registry_with()):
        await until(lambda: scalar(database, _LISTENING))
        assert await link.die()


async def test_a_clock_goes_on(database: Database, far: tuple[Database, Link]) -> None:
    """The lock's connection is one that is asked each second. What ended a clock would end its process."""
    away, link = far
    async with ticking(away, registry_with()):
        for _ in range(3):
            await until(lambda: scalar(database, _LEADING))
            assert await link.die()


async def test_whoever_asks_hears_that_the_database_is_away_and_then_asks_again(far: tuple[Database, Link]) -> None:
    away, link = far
    reads = (lambda: away.reads.fetchval("SELECT 1"), lambda: away.hot.fetch("SELECT 1"))
    for read in reads:
        await read()
    assert await link.die() == len(reads)
    for read in reads:
        with pytest.raises(DATABASE_AWAY):
            await read()
    for read in reads:
        await read()


async def test_a_transaction_begins_on_a_connection_that_lives(far: tuple[Database, Link]) -> None:
    away, link = far
    together = asyncio.Barrier(3)

    async def one() -> None:
        async with away.begin() as connection:
            await connection.execute(text("SELECT 1"))
            await together.wait()

    async with asyncio.TaskGroup() as transactions:
        for _ in range(together.parties):
            transactions.create_task(one())
    assert await link.die() >= together.parties
    assert await scalar(away, text("SELECT 1")) == 1
