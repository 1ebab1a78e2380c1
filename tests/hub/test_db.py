"""Transactions are one for all who speak in them. The pools: what the server has closed is not handed out, what has
rested is tried first, and hot reads leave room."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import asyncpg
import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from hub import db
from hub.db import Database, DatabaseFailed, Driver, driver_of
from hub.migrations.run import migrate_as_owner
from tests.link import linked

_OTHERS = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"


@asynccontextmanager
async def several(database: Database, count: int) -> AsyncIterator[list[int]]:
    """So many transactions at once, and the server's processes for them."""
    pids: list[int] = []
    together = asyncio.Barrier(count)

    async def one() -> None:
        async with database.begin() as connection:
            pids.append((await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one())
            await together.wait()

    async with asyncio.TaskGroup() as transactions:
        for _ in range(count):
            transactions.create_task(one())
    yield pids


async def test_connections_that_the_server_closed_are_replaced(database: Database) -> None:
    async with several(database, 5) as before:
        lone = await database.connect_alone()
        try:
            await lone.execute(f"SELECT pg_terminate_backend(pid) {_OTHERS}")
        finally:
            await lone.close()
    while any(map(psutil.pid_exists, before)):
        await asyncio.sleep(0.01)
    # The event loop hears of it.
    await asyncio.sleep(0.1)
    async with several(database, 5) as after:
        assert set(after).isdisjoint(before)


@pytest.mark.parametrize(("rested_seconds", "tried"), [(3600, 0), (-1, 3)])
async def test_what_has_rested_is_tried_before_it_is_taken(
    database: Database, monkeypatch: pytest.MonkeyPatch, rested_seconds: float, tried: int
) -> None:
    monkeypatch.setattr(db, "_RESTED_SECONDS", rested_seconds)
    async with several(database, 1) as [pid]:
        lone = await database.connect_alone()
        try:
            last_heard = "SELECT query_start FROM pg_stat_activity WHERE pid = $1"
            found = 0
            for _ in range(3):
                before = await lone.fetchval(last_heard, pid)
                connection = await database.engine.connect()
                found += await lone.fetchval(last_heard, pid) != before
                await connection.close()
            assert found == tried
        finally:
            await lone.close()


async def kept(database: Database) -> list[int]:
    return [row["n"] for row in await database.reads.fetch("SELECT n FROM kept ORDER BY n")]


@pytest.mark.parametrize("first", ["driver", "sqlalchemy"])
async def test_a_transaction_is_one_whoever_speaks_in_it_first(database: Database, first: str) -> None:
    await database.reads.execute("CREATE TABLE kept (n int)")
    async with database.trial() as connection:
        if first == "sqlalchemy":
            await connection.execute(text("INSERT INTO kept VALUES (0)"))
        await driver_of(connection).execute("INSERT INTO kept VALUES (1)")
        await connection.execute(text("INSERT INTO kept VALUES (2)"))
        assert await driver_of(connection).fetchval("SELECT count(*) FROM kept") == 2 + (first == "sqlalchemy")
    assert await kept(database) == []
    with suppress(ZeroDivisionError):
        async with database.begin() as connection:
            await driver_of(connection).execute("INSERT INTO kept VALUES (3)")
            raise ZeroDivisionError
    async with database.begin() as connection:
        await driver_of(connection).execute("INSERT INTO kept VALUES (4)")
        with suppress(ZeroDivisionError):
            async with connection.begin_nested():
                await connection.execute(text("INSERT INTO kept VALUES (5)"))
                raise ZeroDivisionError
        await connection.execute(text("INSERT INTO kept VALUES (6)"))
    assert await kept(database) == [4, 6]


async def test_the_driver_is_not_to_be_had_outside_a_transaction(database: Database) -> None:
    async with database.engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        await connection.rollback()
        with pytest.raises(RuntimeError, match="needs a transaction"):
            driver_of(connection)


async def test_what_led_to_it_is_told_though_the_link_is_lost(database: Database) -> None:
    lone = await database.connect_alone()

    async def fail() -> None:
        async with database.begin() as connection:
            pid = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            await lone.execute("SELECT pg_terminate_backend($1)", pid)
            while psutil.pid_exists(pid):
                await asyncio.sleep(0.01)
            raise ValueError("the first thing")

    try:
        with pytest.raises(ValueError, match="the first thing"):
            await fail()
    finally:
        await lone.close()
    async with database.begin() as connection:
        assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1


_PID = "SELECT pg_backend_pid() AS pid, $1::int AS number"


async def hot(database: Database, number: int = 1) -> int:
    [row] = await database.hot.fetch(_PID, number)
    assert row["number"] == number
    return int(row["pid"])


async def test_hot_reads_keep_a_connection_until_it_is_dead(database: Database) -> None:
    first = await hot(database)
    assert [await hot(database, number) for number in range(5)] == [first] * 5
    with pytest.raises(asyncpg.DivisionByZeroError):
        await database.hot.fetch("SELECT 1 / $1::int", 0)
    kept = await hot(database)
    lone = await database.connect_alone()
    try:
        await lone.execute("SELECT pg_terminate_backend($1)", kept)
    finally:
        await lone.close()
    while psutil.pid_exists(kept):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert await hot(database) != kept


async def test_hot_reads_leave_connections_to_others(database: Database) -> None:
    most = database.reads.get_max_size()
    found = await asyncio.gather(*(database.hot.fetch("SELECT pg_sleep(0.2), $1::int", 1) for _ in range(3 * most)))
    assert len(found) == 3 * most
    async with AsyncExitStack() as stack, asyncio.timeout(5):
        for _ in range(most):
            await stack.enter_async_context(database.reads.acquire())
        assert await hot(database)


async def test_a_hot_read_that_is_given_up_leaves_nothing_to_the_next(database: Database) -> None:
    for _ in range(2 * database.reads.get_max_size()):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await database.hot.fetch("SELECT pg_sleep(30), $1::int", 1)
    async with asyncio.timeout(10):
        assert await hot(database, 7)


async def test_a_hot_read_that_ends_last_keeps_nobody_from_closing(database_url: str) -> None:
    database = await Database.open(database_url)
    last = asyncio.create_task(database.hot.fetch("SELECT pg_sleep(0.5), $1::int", 1))
    await asyncio.sleep(0.1)
    async with asyncio.timeout(20):
        await database.close()
    await last


async def test_a_connection_that_nobody_gave_back_keeps_nobody_from_closing(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "_CLOSE_SECONDS", 0.1)
    database = await Database.open(database_url)
    await database.reads.acquire()
    async with asyncio.timeout(20):
        await database.close()
    assert database.reads.is_closing()


async def test_of_every_connection_it_is_seen_when_its_link_is_lost(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else who waits for an answer on it waits for as long as the process lives."""
    made: list[Driver] = []

    async def connect(*args: Any, **options: Any) -> Driver:
        made.append(await asked(*args, **options))
        return made[-1]

    asked = db.connect
    monkeypatch.setattr(db, "connect", connect)
    async with linked(database_url) as (url, _):
        database = await Database.open(url)
        await database.hot.fetch("SELECT 1")
        async with database.begin() as transaction:
            lone = await database.connect_alone()
            count = await transaction.execute(text(f"SELECT count(*) + 1 {_OTHERS}"))
            assert len(made) == count.scalar() == 4
            for each in made:
                link = each._transport.get_extra_info("socket")
                assert link.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
                assert link.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 30
                assert link.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 30_000
        await lone.close()
        await database.close()


async def test_a_start_that_migrates_opens_no_pool(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(*_: object, **__: object) -> None:
        raise AssertionError("a pool was opened")

    monkeypatch.setattr(asyncpg, "create_pool", opened)
    await migrate_as_owner(database_url, database_url)


@pytest.mark.parametrize(
    "url",
    ["postgresql://nobody@127.0.0.1:1/hub", "postgresql://127.0.0.1:x/hub", "postgresql:///nowhere?host=/nowhere"],
)
async def test_a_start_without_a_database_says_so_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseFailed, match="cannot connect"):
        await migrate_as_owner(url, url)


async def test_a_start_into_no_database_names_it(database_url: str) -> None:
    nowhere = make_url(database_url).set(database="hub_nowhere").render_as_string(hide_password=False)
    with pytest.raises(DatabaseFailed, match="hub_nowhere"):
        await migrate_as_owner(nowhere, nowhere)
