"""The pool for transactions: what the server has closed is not handed out, and what has rested is tried first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import pytest
from sqlalchemy import text

from hub import db
from hub.db import Database

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
