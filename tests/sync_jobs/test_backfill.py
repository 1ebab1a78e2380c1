"""The past and the present of an agency, read apart, from a real system on loopback."""

from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from contracts.adapter import AgencyAdapter, Window
from hub.db import Database
from hub.index.tables import dossier, observation
from hub.streams import backfill as windows
from hub.streams import store
from hub.streams.store import RunRecord
from hub.streams.tables import stream
from hub.sync import orders
from hub.sync.status import statuses
from hub.vault import Vault
from sync_jobs.backfill import backfill
from sync_jobs.pull import pull
from sync_jobs.reconcile import reconcile
from tests.parts import pushing_spec
from tests.sync_jobs.listing import AGENCY, System, filled, listing


async def past(database: Database) -> dict[str, Any]:
    async with database.begin() as connection:
        return dict((await connection.execute(select(stream).where(stream.c.kind == "backfill"))).mappings().one())


async def count(database: Database) -> int:
    async with database.begin() as connection:
        return (await connection.execute(select(func.count()).select_from(dossier))).scalar_one()


async def to_the_end(database: Database, adapter: AgencyAdapter, vault: Vault) -> list[RunRecord]:
    runs = []
    while not (await past(database))["past"].get("ended"):
        runs.append(await backfill(database, adapter, vault))
        assert len(runs) < 100
    return runs


async def test_the_present_is_there_first_and_then_the_past_from_the_newest(database: Database, vault: Vault) -> None:
    now = datetime.now(UTC)
    system = filled(System(), 1000, newest=now - timedelta(hours=1), apart=timedelta(hours=6))
    async with listing(system) as adapter:
        await store.ensure(database, [adapter.spec], ["pull", "backfill"])
        first = await pull(database, adapter, vault)
        assert (first.outcome, first.received) == ("ok", 4)
        runs = await to_the_end(database, adapter, vault)
    assert {run.outcome for run in runs} == {"ok"}
    assert await count(database) == 1000
    # The newest first, nothing left out between, and the beginning at last.
    for later, earlier in pairwise(runs):
        assert earlier.until == later.since
    assert (runs[-1].since, runs[-1].done, runs[-1].total) == (None, 1000, 1000)
    # Wide where there is little, so that years take a few runs.
    assert len(runs) < 20
    row = await past(database)
    assert row["next_due_at"] > now + timedelta(days=1000)


async def test_a_backfill_that_breaks_off_goes_on_from_there(database: Database, vault: Vault) -> None:
    system = filled(System(), 950, newest=datetime.now(UTC) - timedelta(days=3, minutes=1), apart=timedelta(minutes=1))
    # Of the window that has them all, the fourth page.
    async with listing(system) as adapter:
        await store.ensure(database, [adapter.spec], ["backfill"])
        first = await backfill(database, adapter, vault)
        assert (first.outcome, first.total) == ("ok", 950)
        await backfill(database, adapter, vault)
        system.breaks_after = len(system.asked) + 3
        broken = await backfill(database, adapter, vault)
        assert (broken.outcome, broken.pages) == ("unreachable", 3)
        before, asked = await count(database), len(system.asked)
        resumed = await backfill(database, adapter, vault)
        assert resumed.done == 950
        assert (before, await count(database)) == (300, 950)
        assert [each.query["trang"] for each in system.asked[asked:]] == ["4", "5", "6", "7", "8", "9", "10"]


async def test_an_agency_that_takes_no_end_is_read_in_one(database: Database, vault: Vault) -> None:
    system = filled(System(), 250, newest=datetime.now(UTC) - timedelta(days=1), apart=timedelta(days=1))
    async with listing(system, between=False) as adapter:
        await store.ensure(database, [adapter.spec], ["backfill"])
        [run] = await to_the_end(database, adapter, vault)
    assert (run.since, run.pages, run.done, run.total) == (None, 3, 250, 250)


async def test_a_range_is_read_again_and_nothing_beside_it(database: Database, vault: Vault) -> None:
    now = datetime.now(UTC)
    system = filled(System(), 1000, newest=now - timedelta(hours=1), apart=timedelta(hours=6))
    since, until = now - timedelta(days=100), now - timedelta(days=50)
    async with listing(system) as adapter:
        await store.ensure(database, [adapter.spec], ["backfill"])
        order = partial(orders.backfill, database, adapter.spec, since=since, until=until, actor="person:an")
        await to_the_end(database, adapter, vault)
        await orders.pause(database, AGENCY, "backfill", actor="person:an")
        # What the agency did in silence, in the range and before it.
        system.put("H21.09-260101-00300", now - timedelta(days=75), "DA_TRA")
        system.put("H21.09-260101-00800", now - timedelta(days=200), "DA_TRA")
        asked = len(system.asked)
        await order()
        assert (await past(database))["paused"] is False
        first = await backfill(database, adapter, vault)
        assert (first.reason, first.until, first.total) == ("admin", until, 200)
        how_far = (await past(database))["past"]
        assert how_far["ended"] is False
        assert 0 < (windows.share_read(how_far) or 0) < 1
        # A worker that is killed leaves it there.
        system.breaks_after = len(system.asked)
        assert (await backfill(database, adapter, vault)).outcome == "unreachable"
        runs = await to_the_end(database, adapter, vault)
    assert (runs[-1].since, runs[-1].done, runs[-1].total) == (since, 200, 200)
    for each in system.asked[asked:]:
        assert datetime.fromisoformat(each.query["tu"]) >= since.replace(microsecond=0)
        assert datetime.fromisoformat(each.query["den"]) <= until
    row = await past(database)
    assert datetime.fromisoformat(row["past"]["since"]) == since
    assert windows.share_read(row["past"]) == 1.0
    assert row["next_due_at"] > now + timedelta(days=1000)


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("begun", ["", "a window", "within a window"])
async def test_a_range_goes_first_and_all_of_the_past_goes_on_after_it(
    database: Database, vault: Vault, begun: str, paused: bool
) -> None:
    now = datetime.now(UTC)
    system = filled(System(), 1000, newest=now - timedelta(hours=1), apart=timedelta(hours=6))
    since, until = now - timedelta(days=200), now - timedelta(days=190)
    async with listing(system) as adapter:
        await store.ensure(database, [adapter.spec], ["backfill"])
        if begun:
            await backfill(database, adapter, vault)
        if begun == "within a window":
            for _ in range(4):
                await backfill(database, adapter, vault)
            system.breaks_after = len(system.asked) + 1
            broken = await backfill(database, adapter, vault)
            assert (broken.outcome, broken.pages) == ("unreachable", 1)
        if paused:
            await orders.pause(database, AGENCY, "backfill", actor="person:an")
        before = await past(database)
        order = partial(orders.backfill, database, adapter.spec, since=since, until=until, actor="person:an")
        await order()
        with pytest.raises(orders.UnderWay):
            await order()
        await orders.want(database, AGENCY, "backfill", actor="person:binh")
        assert (await past(database))["wanted"]["since"] == since.isoformat(), "nor is it forgotten for that"
        runs = [await backfill(database, adapter, vault)]
        assert (runs[0].reason, runs[0].until, runs[0].total) == ("admin", until, 40)
        async with database.reads.acquire() as connection:
            [told] = await statuses(connection, AGENCY)
        assert (told.past["since"], told.past["ended"]) == (since.isoformat(), False)
        assert told.past["after"]["rows"] == before["past"].get("rows", 0)
        while "since" in (await past(database))["past"]:
            runs.append(await backfill(database, adapter, vault))
        assert (runs[-1].since, runs[-1].done) == (since, 40)
        row = await past(database)
        assert (row["past"], row["paused"]) == (before["past"], paused)
        assert not begun or row["window"] == before["window"]
        rest = await to_the_end(database, adapter, vault)
    assert (rest[-1].since, rest[-1].done, rest[-1].total) == (None, 1000, 1000)
    assert await count(database) == 1000


async def test_a_range_goes_before_another_one(database: Database, vault: Vault) -> None:
    now = datetime.now(UTC)
    system = filled(System(), 1000, newest=now - timedelta(hours=1), apart=timedelta(hours=6))
    async with listing(system) as adapter:
        await store.ensure(database, [adapter.spec], ["backfill"])
        read = []
        for days in (200, 100):
            at = now - timedelta(days=days)
            order = partial(orders.backfill, database, adapter.spec, actor="person:an")
            await order(since=at, until=at + timedelta(days=10))
            read.append(await backfill(database, adapter, vault))
        read += await to_the_end(database, adapter, vault)
    ends = [each for each in read if each.since in (now - timedelta(days=200), now - timedelta(days=100), None)]
    assert [each.since for each in ends] == [now - timedelta(days=100), now - timedelta(days=200), None]
    assert [each.done for each in ends] == [40, 40, 1000]


async def test_who_takes_no_end_is_not_asked_for_a_range(database: Database, vault: Vault) -> None:
    async with listing(System(), between=False) as adapter:
        await store.ensure(database, [adapter.spec], ["backfill"])
        with pytest.raises(orders.RangeWrong, match="read all of its past"):
            await orders.backfill(database, adapter.spec, since=datetime.now(UTC) - timedelta(days=9), actor="an")
    async with listing(System()) as adapter:
        with pytest.raises(orders.NoSuchStream):
            await orders.backfill(
                database,
                adapter.spec.model_copy(update={"id": "so-khac"}),
                since=datetime.min.replace(tzinfo=UTC),
                actor="an",
            )


@given(
    days=st.floats(min_value=0.01, max_value=3000),
    rows=st.lists(st.integers(min_value=0, max_value=2000), min_size=1),
)
def test_windows_cover_a_range_and_end_with_it(days: float, rows: list[int]) -> None:
    until = datetime(2026, 11, 1, tzinfo=UTC)
    range = Window(until=until, since=until - timedelta(days=days))
    read: list[Window] = []
    found: Window | None = windows.first_window(Window(until=until), between=True, range=range)
    while found:
        read.append(found)
        found = windows.next_window(found, rows[len(read) % len(rows)], range)
    assert (read[0].until, read[-1].since) == (range.until, range.since)
    assert all(later.since == earlier.until for later, earlier in pairwise(read))


async def test_rows_committed_late_are_found(database: Database, vault: Vault) -> None:
    """Fifty of the time of the last pull's window, committed after it: all within the overlap. Fifty of an hour
    before: at the next reconcile, after which the overlap is as wide as that."""
    system = System()
    async with listing(system) as adapter:
        await store.ensure(database, [adapter.spec], ["pull", "reconcile"])
        assert (await pull(database, adapter, vault)).outcome == "ok"
        late = datetime.now(UTC) - timedelta(seconds=3)
        for number in range(50):
            system.put(f"H21.09-261101-{number:05}", late)
        assert (await pull(database, adapter, vault)).added == 50
        later = datetime.now(UTC) - timedelta(hours=1)
        for number in range(50, 100):
            system.put(f"H21.09-261101-{number:05}", later)
        assert (await pull(database, adapter, vault)).added == 0
        found = await reconcile(database, adapter, vault)
        assert (found.outcome, found.details["missing"]) == ("ok", 50)
        for number in range(100, 150):
            system.put(f"H21.09-261101-{number:05}", later)
        assert (await pull(database, adapter, vault)).added == 50
    assert await count(database) == 150
    async with database.begin() as connection:
        lines = (await connection.execute(select(func.count()).select_from(observation))).scalar_one()
    assert lines == 150


def test_times_that_are_told_by_the_day_are_looked_back_for_by_days() -> None:
    def precision(said: str, asked: str) -> int:
        changes = {"request": {"path": "/", "query": {"tu": asked}}, "pages": {"kind": "single"}}
        occurred_at = {"path": "luc", "convert": "date", "formats": [said]}
        mapping = {"code": "ma", "occurred_at": occurred_at, "facts": {}}
        return pushing_spec(
            system={"kind": "rest", "address": "http://127.0.0.1:1"}, operations={"changes": changes}, mapping=mapping
        ).precision_seconds

    assert precision("iso", "{since|iso}") == 1
    assert precision("dd/MM/yyyy HH:mm:ss", "{since|dd/MM/yyyy}") == 86_400
    assert precision("dd/MM/yyyy HH:mm", "{since|epoch_ms}") == 60
    assert precision("iso_date", "{since}") == 86_400


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=200))
def test_windows_leave_nothing_out_and_come_to_an_end(rows: list[int]) -> None:
    window = windows.first_window(Window(until=datetime(2026, 11, 23, tzinfo=UTC)), between=True)
    for count in [*rows, *[0] * 60]:
        before = windows.next_window(window, count)
        if before is None:
            assert window.since is None
            return
        assert before.until == window.since
        assert before.since is None or before.since < before.until
        window = before
    raise AssertionError("there was nothing more for sixty windows, and it went on")
