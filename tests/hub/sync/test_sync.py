"""What operators see of the sync, and order it to do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from contracts.adapter import Window
from contracts.agency import Plan
from contracts.errors import TimedOut
from hub.db import Database
from hub.index.tables import change, dossier, observation
from hub.intake.inbox import Inbox
from hub.registry import Registry
from hub.streams import store
from hub.streams.lag import expected_lag
from hub.streams.tables import stream
from hub.sync import orders
from hub.sync.status import runs, statuses
from hub.vault import Vault
from sync_jobs.clock import Clock
from sync_jobs.engine import Worker
from sync_jobs.pull import pull
from sync_jobs.rehearsal import rehearse
from tests.observations import T0
from tests.observations import observation as said
from tests.parts import Told, no_news, pulled_spec

SPEC = pulled_spec(every=timedelta(days=1))
FIRST, SECOND = "H21.20-261123-0001", "H21.20-261123-0002"
SECONDS = 30


@asynccontextmanager
async def running(database: Database, vault: Vault, agency: Told) -> AsyncIterator[None]:
    registry = Registry({SPEC.id: SPEC}, {SPEC.id: agency})
    clock = Clock(database, registry)
    worker = Worker(database, registry, vault, Inbox(database, vault, registry), no_news, lease_seconds=5)
    tasks = [asyncio.create_task(clock.run()), asyncio.create_task(worker.run())]
    try:
        yield
    finally:
        clock.stop()
        worker.stop()
        await asyncio.wait_for(asyncio.gather(*tasks), SECONDS)


async def until(holds: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(SECONDS):
        while not (result := await holds()):
            await asyncio.sleep(0.05)
    return result


async def seen(database: Database) -> list[dict[str, Any]]:
    async with database.reads.acquire() as connection:
        return [run for run in await runs(connection, SPEC.id) if run["finished_at"]]


async def test_status_tells_how_each_stream_stands(database: Database, vault: Vault) -> None:
    failing = pulled_spec("so-tnmt")
    await store.ensure(database, [SPEC, failing], ["pull"])
    await store.ensure(database, [SPEC], ["reconcile"])
    await pull(database, Told(SPEC, [[said(FIRST, status=4)], [said(SECOND, status=4)]]), vault)
    await pull(database, Told(failing, [TimedOut("no whole answer within 60 s")]), vault)
    async with database.reads.acquire() as connection:
        failed, pulled, reconciled = await statuses(connection)
        assert [each.agency for each in await statuses(connection, "so-tnmt")] == ["so-tnmt"]
    assert (pulled.kind, pulled.state) == ("pull", "waiting")
    assert pulled.run is not None
    assert (pulled.run["outcome"], pulled.run["pages"], pulled.run["added"]) == ("ok", 2, 2)
    assert pulled.lag_at_most is not None and pulled.lag_expected is not None
    assert pulled.lag_at_most > pulled.lag_expected
    assert (reconciled.kind, reconciled.state, reconciled.run) == ("reconcile", "new", None)
    # Passes are for quiet hours, not for the moment at which an agency is new.
    assert reconciled.next_due_at > datetime.now(UTC)
    assert (failed.state, failed.failures_in_a_row, failed.last_failure) == (
        "failing",
        1,
        "no whole answer within 60 s",
    )


async def test_a_run_that_is_asked_for_says_so_and_reads_from_where_it_was_told(
    database: Database, vault: Vault
) -> None:
    await store.ensure(database, [SPEC])
    agency = Told(SPEC, [[said(FIRST, status=4)]])
    async with running(database, vault, agency):
        await until(lambda: seen(database))
        await orders.want(database, SPEC.id, "pull", actor="test", since=T0 - timedelta(days=30))
        again = await until(lambda: _count(database, 2))
    assert [run["reason"] for run in again] == ["admin", "schedule"]
    assert again[0]["since"] == T0 - timedelta(days=30)
    async with database.begin() as connection:
        row = (await connection.execute(select(stream))).mappings().one()
    # It reads further back, and is no less far for it.
    assert row["wanted"] is None
    assert row["covered_until"] >= again[1]["until"]
    [line] = await database.reads.fetch("SELECT actor, action, target FROM audit")
    assert tuple(line) == ("test", "sync.run", f"{SPEC.id} pull")


async def _count(database: Database, number: int) -> list[dict[str, Any]]:
    found = await seen(database)
    return found if len(found) >= number else []


async def test_nothing_is_read_while_it_is_paused_but_what_is_asked_for(database: Database, vault: Vault) -> None:
    await store.ensure(database, [SPEC])
    await orders.pause(database, SPEC.id, "pull", actor="test")
    async with running(database, vault, Told(SPEC, [[]])):
        await asyncio.sleep(2.5)
        assert await seen(database) == []
        await orders.want(database, SPEC.id, "pull", actor="test")
        await until(lambda: _count(database, 1))
        await orders.resume(database, SPEC.id, "pull", actor="test")
        await until(lambda: _count(database, 2))


async def test_another_plan_holds_at_once(database: Database, vault: Vault) -> None:
    """The spec says once a day."""
    await store.ensure(database, [SPEC])
    async with running(database, vault, Told(SPEC, [[]])):
        await until(lambda: _count(database, 1))
        await orders.plan(database, SPEC.id, "pull", Plan(every_seconds=1), actor="test")
        await until(lambda: _count(database, 3))


async def test_an_order_to_nobody_is_refused(database: Database) -> None:
    with pytest.raises(orders.NoSuchStream, match="so-khac has no stream of kind pull"):
        await orders.pause(database, "so-khac", "pull", actor="test")


async def test_a_rehearsal_tells_what_would_be_and_changes_nothing(database: Database, vault: Vault) -> None:
    await store.ensure(database, [SPEC])
    await pull(database, Told(SPEC, [[said(FIRST, at=0, status=2)]]), vault)

    async def rows() -> list[Any]:
        async with database.begin() as connection:
            tables = (dossier, observation, change)
            return [(await connection.execute(select(func.count()).select_from(each))).scalar() for each in tables]

    before = await rows()
    agency = Told(SPEC, [[said(FIRST, at=1, status=4)], [said(SECOND, status=2)], [said(FIRST, at=0, status=2)]])
    window = Window(until=datetime.now(UTC))
    pages = [page async for page in rehearse(database, agency, vault, window)]
    assert [(page.received, page.added, page.changed) for page in pages] == [(1, 1, 1), (1, 1, 1), (1, 0, 0)]
    assert [page.changes for page in pages] == [((FIRST, "status", 2, 4),), ((SECOND, "created", None, 2),), ()]
    assert await rows() == before
    assert len(await seen(database)) == 1


@given(st.floats(0, 1e7), st.floats(0, 1e3))
def test_the_lag_to_expect_is_never_more_than_what_is_unread(unread: float, rate: float) -> None:
    assert 0 <= expected_lag(unread, rate) <= unread


def test_the_lag_to_expect_grows_with_how_often_the_agency_changes() -> None:
    # A change every second: the oldest came at once. One a day: an hour rarely holds any.
    assert expected_lag(3600, 1) == pytest.approx(3599, abs=0.1)
    assert expected_lag(3600, 1 / 86_400) == pytest.approx(74, abs=1)
