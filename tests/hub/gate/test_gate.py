"""The gate over a real database: two gates as two processes, who waits for whom, and what stops at once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from contracts.adapter import Priority
from contracts.errors import AgencyFailure, Rejected, Throttled, TimedOut, Withheld
from contracts.system import Budget, Hours
from hub.db import Database
from hub.gate import DatabaseGate, statuses

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
AGENCY = "so-tnmt"
#: Long enough for any answer that comes at all.
PATIENT = 60


@pytest.fixture
async def here(database: Database) -> AsyncIterator[DatabaseGate]:
    async with DatabaseGate(database) as gate:
        yield gate


@pytest.fixture
async def there(database: Database) -> AsyncIterator[DatabaseGate]:
    async with DatabaseGate(database) as gate:
        yield gate


async def call(
    gate: DatabaseGate,
    budget: Budget,
    priority: Priority = Priority.INCREMENTAL,
    failure: AgencyFailure | None = None,
    wait_seconds: float = PATIENT,
) -> None:
    async with gate.turn(AGENCY, budget, ZONE, priority, wait_seconds=wait_seconds) as turn:
        if failure:
            turn.failed(failure)
        else:
            turn.succeeded()


async def holding(gate: DatabaseGate, budget: Budget, until: asyncio.Event) -> "asyncio.Task[None]":
    """A call under way, which ends well once `until` is set."""
    began = asyncio.Event()

    async def hold() -> None:
        async with gate.turn(AGENCY, budget, ZONE, Priority.INCREMENTAL, wait_seconds=PATIENT) as turn:
            began.set()
            await until.wait()
            turn.succeeded()

    task = asyncio.create_task(hold())
    await began.wait()
    return task


async def told(gate: DatabaseGate, database: Database, column: str, value: Any) -> None:
    """Wait until the database knows."""
    while await database.reads.fetchval(f"SELECT {column} FROM gate WHERE agency = $1", AGENCY) != value:
        await asyncio.sleep(0.01)


async def break_down(gate: DatabaseGate, database: Database, budget: Budget) -> None:
    for _ in range(20):
        await call(gate, budget, failure=TimedOut("Too slow."))
    while (await statuses(database))[AGENCY].state != "open":
        await asyncio.sleep(0.01)


async def cool_down(database: Database) -> None:
    """Let the breaker's time pass."""
    await database.reads.execute("UPDATE gate SET open_until = clock_timestamp()")


async def test_one_slot_for_two_processes(here: DatabaseGate, there: DatabaseGate) -> None:
    budget, done = Budget(concurrency=1), asyncio.Event()
    task = await holding(here, budget, done)
    with pytest.raises(Withheld, match="under way"):
        await call(there, budget, wait_seconds=0)
    waiting = asyncio.create_task(call(there, budget))
    done.set()
    await asyncio.gather(task, waiting)


async def test_in_one_process_the_urgent_go_first_and_equals_in_order(here: DatabaseGate) -> None:
    budget, done, order = Budget(concurrency=1), asyncio.Event(), list[tuple[Priority, int]]()
    task = await holding(here, budget, done)

    async def wait_for_it(priority: Priority, number: int) -> None:
        async with here.turn(AGENCY, budget, ZONE, priority, wait_seconds=PATIENT) as turn:
            order.append((priority, number))
            turn.succeeded()

    came = [(Priority.BACKFILL, 1), (Priority.PERSON, 2), (Priority.INCREMENTAL, 3), (Priority.PERSON, 4)]
    async with asyncio.TaskGroup() as tasks:
        for each in came:
            tasks.create_task(wait_for_it(*each))
        await asyncio.sleep(0.1)
        done.set()
    await task
    assert order == sorted(came)


async def test_a_call_cancelled_while_it_waits_or_runs_leaves_its_slot(here: DatabaseGate, there: DatabaseGate) -> None:
    budget = Budget(concurrency=1)
    running = await holding(here, budget, asyncio.Event())
    waiting = asyncio.create_task(call(here, budget))
    await asyncio.sleep(0)
    for task in (waiting, running):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await call(there, budget)


async def test_a_leave_that_comes_as_its_caller_goes_is_given_back(here: DatabaseGate, there: DatabaseGate) -> None:
    budget = Budget(concurrency=1)
    # At every moment of an exchange.
    for steps in range(40):
        task = asyncio.create_task(call(here, budget))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    await call(there, budget)


async def test_the_breaker_opens_for_all_lets_one_probe_through_and_says_so_once(
    here: DatabaseGate, there: DatabaseGate, database: Database
) -> None:
    budget = Budget(concurrency=50)
    with capture_logs() as lines:
        await break_down(here, database, budget)
        with pytest.raises(Withheld) as withheld:
            await call(there, budget, Priority.PERSON)
        assert withheld.value.retry_after and 0 < withheld.value.retry_after <= 6
        await cool_down(database)
        outcomes = await asyncio.gather(
            *(call(gate, budget, wait_seconds=0, failure=TimedOut("No.")) for gate in [here, there] * 10),
            return_exceptions=True,
        )
        assert outcomes.count(None) == 1
        await told(here, database, "cooldown_seconds", 10)
        await cool_down(database)
        await call(there, budget)
        await told(there, database, "open_until", None)
        await call(here, budget)
    assert [line["turned"] for line in lines if line["event"] == "agency.breaker"] == ["opened", "closed"]


async def test_a_cancelled_probe_makes_room_for_another(
    here: DatabaseGate, there: DatabaseGate, database: Database
) -> None:
    budget = Budget()
    await break_down(here, database, budget)
    await cool_down(database)
    probe = await holding(here, budget, asyncio.Event())
    with pytest.raises(Withheld, match="tries it"):
        await call(there, budget)
    probe.cancel()
    await told(here, database, "probe", None)
    await call(there, budget)


async def test_an_agency_that_says_no_is_well(here: DatabaseGate, database: Database) -> None:
    for _ in range(25):
        await call(here, Budget(), failure=Rejected("No such procedure."))
    await told(here, database, "window_calls", 25)
    assert (await statuses(database))[AGENCY].state == "closed"


async def test_retry_after_is_known_to_others(here: DatabaseGate, there: DatabaseGate, database: Database) -> None:
    await call(here, Budget(), failure=Throttled("Slow down.", retry_after=300))
    await told(here, database, "window_failures", 1)
    with pytest.raises(Withheld) as withheld:
        await call(there, Budget(), Priority.PERSON)
    assert withheld.value.retry_after == pytest.approx(300, abs=PATIENT)


async def test_a_short_retry_after_is_waited_for(here: DatabaseGate, there: DatabaseGate, database: Database) -> None:
    await call(here, Budget(), failure=Throttled("Slow down.", retry_after=1))
    await told(here, database, "window_failures", 1)
    await call(there, Budget())
    early = "SELECT clock_timestamp() < not_before FROM gate"
    assert await database.reads.fetchval(early) is False


async def test_outside_its_hours_nobody_calls(here: DatabaseGate) -> None:
    # A day that is neither today there nor tomorrow, should midnight pass.
    day = (datetime.now(ZONE) + timedelta(days=3)).strftime("%a").lower()
    hours = Hours.model_validate({"days": [day], "opens": time(8), "closes": time(17)})
    with pytest.raises(Withheld, match="hours") as withheld:
        await call(here, Budget(hours=(hours,)), Priority.PERSON)
    assert withheld.value.retry_after and 2 * 86_400 < withheld.value.retry_after < 4 * 86_400


async def test_a_spent_day_is_spent_for_all(here: DatabaseGate, there: DatabaseGate, database: Database) -> None:
    budget = Budget(per_day=3)
    for gate in (here, there, here):
        await call(gate, budget)
    with pytest.raises(Withheld, match="spent") as withheld:
        await call(there, budget, Priority.PERSON)
    assert withheld.value.retry_after and withheld.value.retry_after <= 86_400
    assert (await statuses(database))[AGENCY].calls_today == 3


async def test_where_the_database_is_away_nobody_calls(database_url: str) -> None:
    database = await Database.open(database_url)
    await database.reads.execute("DROP TABLE gate")
    async with DatabaseGate(database) as gate:
        with pytest.raises(Withheld, match="database"):
            await call(gate, Budget())
    await database.close()


async def test_what_is_held_is_handed_back_at_the_end(database: Database, there: DatabaseGate) -> None:
    async with DatabaseGate(database) as gate:
        await call(gate, Budget(concurrency=1))
    assert await database.reads.fetchval("SELECT holders::text FROM gate") == "{}"
