"""Many processes at one agency: none of its ceilings is passed, and what a killed one held comes back."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime

import asyncpg
import pytest

from contracts.adapter import Priority
from contracts.errors import Withheld
from contracts.system import Budget
from hub.db import Database
from hub.gate import DatabaseGate
from tests.hub.gate.caller import LOG, ZONE, Plan
from tests.running import ROOT

PROCESSES = 6
LONGER_THAN_A_LEASE = 60


@pytest.fixture(autouse=True)
async def _log(database: Database) -> None:
    await database.reads.execute(LOG)


@asynccontextmanager
async def process(plan: Plan) -> AsyncIterator[Process]:
    started = await asyncio.create_subprocess_exec(*plan.command(), cwd=ROOT, stdout=PIPE)
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()


async def run(*plans: Plan) -> None:
    """Carry out all plans at once, each in a process of its own."""

    async def one(plan: Plan) -> None:
        async with process(plan) as started:
            await started.communicate()
            assert started.returncode == 0

    await asyncio.gather(*map(one, plans))


async def called(database: Database) -> list[asyncpg.Record]:
    return list(await database.reads.fetch("SELECT priority, began, ended FROM called ORDER BY began"))


def most_at_once(calls: list[asyncpg.Record]) -> int:
    moments = sorted([(each["began"], 1) for each in calls] + [(each["ended"], -1) for each in calls if each["ended"]])
    under_way, most = 0, 0
    for _, change in moments:
        under_way += change
        most = max(most, under_way)
    return most


async def test_never_more_calls_at_once_than_the_agency_allows(database: Database) -> None:
    plan = Plan(database.url, {"concurrency": 3}, callers=3, tries=6, call_seconds=0.05)
    urgent = Plan(database.url, {"concurrency": 3}, callers=2, tries=6, priority=Priority.PERSON, call_seconds=0.05)
    await run(*[plan] * (PROCESSES - 2), urgent, urgent)
    calls = await called(database)
    assert len(calls) == (PROCESSES - 2) * 18 + 2 * 12
    assert most_at_once(calls) <= 3
    assert most_at_once([each for each in calls if each["priority"] != Priority.PERSON]) <= 2


async def test_never_more_calls_in_a_time_than_the_agency_allows(database: Database) -> None:
    rate, burst = 10, 10
    await run(
        *[Plan(database.url, {"concurrency": 50, "per_second": rate, "burst": burst}, callers=3, tries=3)] * PROCESSES
    )
    began: list[datetime] = [each["began"] for each in await called(database)]
    assert len(began) == PROCESSES * 9
    for first in range(len(began)):
        for last in range(first, len(began)):
            span = (began[last] - began[first]).total_seconds()
            # A call is written down a little after it was let in: allow that for a second.
            assert last - first + 1 <= burst + (span + 1) * rate


async def test_never_more_calls_in_a_day_than_the_agency_allows(database: Database) -> None:
    budget = {"concurrency": 50, "per_day": 40}
    backfill = Plan(database.url, budget, callers=3, tries=8, priority=Priority.BACKFILL)
    urgent = Plan(database.url, budget, callers=3, tries=8, priority=Priority.PERSON)
    await run(*[backfill] * 3, *[urgent] * 3)
    by_day: dict[object, list[int]] = {}
    for each in await called(database):
        by_day.setdefault(each["began"].astimezone(ZONE).date(), []).append(each["priority"])
    for priorities in by_day.values():
        assert len(priorities) <= 40
        assert priorities.count(Priority.BACKFILL) <= 12
    assert max(map(len, by_day.values())) == 40


async def test_a_killed_processs_slots_come_back(database: Database) -> None:
    budget = {"concurrency": 2}
    holding = Plan(database.url, budget, callers=2, call_seconds=600, priority=Priority.PERSON)
    async with process(holding) as killed:
        assert killed.stdout
        await killed.stdout.readline()
        await killed.stdout.readline()
        killed.kill()
        await killed.wait()
    async with DatabaseGate(database) as gate, AsyncExitStack() as stack:
        for _ in range(2):
            turn = gate.turn(
                "so-tnmt", Budget.model_validate(budget), ZONE, Priority.PERSON, wait_seconds=LONGER_THAN_A_LEASE
            )
            await stack.enter_async_context(turn)


async def test_a_killed_processs_probe_is_replaced(database: Database) -> None:
    await database.reads.execute(
        "INSERT INTO gate (agency, open_until, cooldown_seconds) VALUES ('so-tnmt', clock_timestamp(), 5)"
    )
    async with process(Plan(database.url, {}, call_seconds=600)) as killed:
        assert killed.stdout
        await killed.stdout.readline()
        assert await database.reads.fetchval("SELECT probe FROM gate")
        killed.kill()
        await killed.wait()
    async with DatabaseGate(database) as gate:
        # Until the lease runs out, every try is refused at once.
        async with asyncio.timeout(LONGER_THAN_A_LEASE):
            while await database.reads.fetchval("SELECT open_until FROM gate"):
                with suppress(Withheld):
                    async with gate.turn("so-tnmt", Budget(), ZONE, Priority.BACKFILL, wait_seconds=0) as turn:
                        turn.succeeded()
                await asyncio.sleep(0.1)


async def test_many_processes_make_one_probe(database: Database) -> None:
    await database.reads.execute(
        "INSERT INTO gate (agency, open_until, cooldown_seconds) VALUES ('so-tnmt', clock_timestamp(), 5)"
    )
    # It lasts until all others were refused.
    probe = Plan(database.url, {"concurrency": 50}, callers=5, call_seconds=600)
    async with process(probe) as probing:
        assert probing.stdout
        await probing.stdout.readline()
        await run(*[probe] * (PROCESSES - 1))
        assert len(await called(database)) == 1
