"""Counts: right to the unit whatever was recorded, in whichever order, by however many at once, folded or not."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from contracts.observation import Observation
from contracts.statistics import Statistics
from hub.access.scopes import Scope
from hub.db import Database
from hub.index import tallies
from hub.index.check import check
from hub.index.record import record
from hub.index.tallies import VIETNAM
from hub.vault import Vault
from tests.hub.index.conftest import NewClient, Record
from tests.observations import T0, move
from tests.observations import observation as said

DAYS = st.none() | st.sampled_from([T0 + timedelta(days=each, hours=each) for each in (-40, -1, 0, 1, 40)])
OBSERVATIONS = st.builds(
    lambda facts, **rest: said(**rest, **{name: value for name, value in facts.items() if value is not None}),
    code=st.sampled_from([f"H21.20-261123-{number:04d}" for number in range(4)]),
    agency=st.sampled_from(["ubnd-pleiku", "so-tnmt"]),
    at=st.integers(0, 5),
    facts=st.fixed_dictionaries(
        {
            "status": st.none() | st.sampled_from([1, 2, 4, 5, 9, 10]),
            "submitted_at": DAYS,
            "received_at": DAYS,
            "due_at": DAYS,
            "finished_at": DAYS,
            "gone_at": st.sampled_from([None, None, T0]),
        }
    ),
)


@settings(
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],  # each takes a database; a failure says enough as it is
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(batches=st.lists(st.lists(OBSERVATIONS, max_size=8), max_size=6), folds=st.sets(st.integers(0, 5)))
def test_counts_are_what_a_recount_gives(
    database_url: str, vault: Vault, batches: list[list[Observation]], folds: set[int]
) -> None:
    async def run() -> None:
        database = await Database.open(database_url)
        try:
            for number, batch in enumerate(batches):
                async with database.begin() as connection:
                    await record(connection, batch, vault)
                if number in folds:
                    await tallies.fold(database)
                assert await tallies.differences(database) == []
            assert (await check(database, vault)).missing_marks == 0
        finally:
            async with database.begin() as connection:
                await connection.execute(text("TRUNCATE dossier, tally, tally_delta, dossier_mark CASCADE"))
            await database.close()

    asyncio.run(run())


async def test_writers_at_once_neither_wait_for_each_other_nor_miscount(database: Database, vault: Vault) -> None:
    """All counts of one agency, status and month: what would be one hot row."""
    done = asyncio.Event()

    async def write(writer: int) -> None:
        for number in range(12):
            heard = [
                said(f"H21.20-26112{writer}-{each:04d}", at=number, status=(2, 4, 9)[number % 3], received_at=T0)
                for each in range(number, number + 5)
            ]
            async with database.begin() as connection:
                await record(connection, heard, vault)

    async def fold_on() -> None:
        while not done.is_set():
            await tallies.fold(database)

    async def look_on() -> None:
        while not done.is_set():
            assert await tallies.differences(database) == []

    async with asyncio.TaskGroup() as tasks:
        others = [tasks.create_task(fold_on()), tasks.create_task(fold_on()), tasks.create_task(look_on())]
        await asyncio.gather(*(write(writer) for writer in range(6)))
        done.set()
        await asyncio.gather(*others)
    assert await tallies.differences(database) == []
    total = await database.reads.fetchval(f"SELECT sum(count) FROM ({tallies._COUNTED}) c")
    assert total == await database.reads.fetchval("SELECT count(*) FROM dossier") == 6 * 16


async def test_a_writer_that_has_not_committed_holds_nobody_up(database: Database, vault: Vault) -> None:
    async with database.begin() as first:
        await record(first, [said("H21.20-261123-0001", status=4, received_at=T0)], vault)
        async with database.begin() as second:
            await second.execute(text("SET LOCAL lock_timeout = '1s'"))
            await record(second, [said("H21.20-261123-0002", status=4, received_at=T0)], vault)
        await tallies.fold(database)
    assert await tallies.differences(database) == []


async def test_a_transaction_that_fails_counts_nothing(database: Database, vault: Vault) -> None:
    async with database.trial() as connection:
        await record(connection, [said("H21.20-261123-0001", status=4)], vault)
    assert await database.reads.fetchval("SELECT count(*) FROM tally_delta") == 0


async def ask(client: Any, **query: str) -> list[tuple[Any, ...]]:
    response = await client.get("/v1/statistics", params=query)
    assert response.status_code == 200, response.text
    return [
        (each.agency, each.status, each.month, each.count, each.on_time, each.late, each.overdue)
        for each in Statistics.model_validate(response.json()).items
    ]


async def test_what_is_told(new_client: NewClient, do: Record) -> None:
    client = await new_client(Scope.STATISTICS_READ)
    today = datetime.now(VIETNAM).replace(hour=12, minute=0, second=0, microsecond=0)
    yesterday, midnight = today - timedelta(days=1), today.replace(hour=0)
    received = datetime(2026, 10, 31, 17, 0, tzinfo=UTC)  # November begins in Vietnam
    await do(
        said("a1", status=4, received_at=received, due_at=midnight - timedelta(seconds=1)),
        said("a2", status=4, received_at=received, due_at=midnight),
        said("a3", status=4, received_at=received - timedelta(seconds=1)),
        said("a4", status=10, received_at=received, due_at=yesterday, finished_at=yesterday.replace(hour=23)),
        said("a5", status=10, received_at=received, due_at=yesterday, finished_at=today),
        said("a6", status=5, submitted_at=received, due_at=yesterday),
        said("a7", status_raw="?"),
        said("a8", status=4, received_at=received, gone_at=T0),
        said("b1", agency="so-tnmt", status=9, received_at=received.replace(year=2025)),
    )
    pleiku = [
        ("ubnd-pleiku", "4", "2026-10", 1, 1, 0, 0),
        ("ubnd-pleiku", "4", "2026-11", 2, 1, 0, 1),
        ("ubnd-pleiku", "5", "2026-11", 1, 1, 0, 0),
        ("ubnd-pleiku", "10", "2026-11", 2, 1, 1, 0),
        ("ubnd-pleiku", None, None, 1, 1, 0, 0),
    ]
    months = {"first": "2026-10", "last": "2026-11"}
    assert await ask(client, **months) == pleiku
    assert await ask(client, agency="ubnd-pleiku", **months) == pleiku
    assert await ask(client, agency="so-tnmt", first="2025-01", last="2025-12") == [
        ("so-tnmt", "9", "2025-11", 1, 1, 0, 0)
    ]
    assert await ask(client, first="2026-12", last="2026-12") == pleiku[-1:]
    mine = await new_client(Scope.STATISTICS_READ, agencies=["so-tnmt"])
    assert await ask(mine, **months) == []
    for wrong, field in (({"first": "11/2026"}, "first"), ({"first": "2026-11", "last": "2026-10"}, "first")):
        refused = await client.get("/v1/statistics", params=wrong)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, field)


async def test_dossiers_that_passed_to_another_agency_are_told_either_way(
    new_client: NewClient, do: Record, database: Database
) -> None:
    client = await new_client(Scope.STATISTICS_READ)
    heard = [said(f"H21.20-261123-{number:04d}", status=4, received_at=T0) for number in range(5)]
    await do(*heard, said("H21.20-261123-0009", agency="xa-gao", status=4, received_at=T0))
    moves = [move("phuong-pleiku", each.code) for each in heard[:3]] + [move("xa-gao", heard[0].code, decided=600)]
    await do(*moves)
    month = {"first": "2026-11", "last": "2026-11"}

    async def told(**query: str) -> dict[str, int]:
        return {each[0]: each[3] for each in await ask(client, **month, **query)}

    for _ in range(2):
        assert await told() == {"phuong-pleiku": 2, "ubnd-pleiku": 2, "xa-gao": 2}
        assert await told(counted_at="first") == {"ubnd-pleiku": 5, "xa-gao": 1}
        assert await told(agency="ubnd-pleiku") == {"phuong-pleiku": 2, "ubnd-pleiku": 2, "xa-gao": 1}
        assert await told(agency="ubnd-pleiku", counted_at="first") == {"ubnd-pleiku": 5}
        assert await told(agency="phuong-pleiku") == {"phuong-pleiku": 2, "xa-gao": 1}
        assert await told(agency="phuong-pleiku", counted_at="first") == {}
        await tallies.fold(database)
        await do(*moves)
    mine = await new_client(Scope.STATISTICS_READ, agencies=["xa-gao"])
    assert [each[:4] for each in await ask(mine, **month)] == [("xa-gao", "4", "2026-11", 2)]
    refused = await client.get("/v1/statistics", params={"counted_at": "then"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "counted_at")


async def test_a_day_that_no_calendar_holds_is_counted_all_the_same(do: Record, database: Database) -> None:
    await do(said("a1", status=4, due_at="9999-12-31T23:00:00Z", received_at="9999-12-31T23:00:00Z"))
    assert await tallies.differences(database) == []
    assert await database.reads.fetchval("SELECT due_on FROM tally_delta") == date(9999, 12, 30)


async def test_a_check_finds_what_is_wrong_and_puts_it_right(database: Database, vault: Vault, do: Record) -> None:
    await do(*(said(f"H21.20-261123-{number:04d}", status=4, applicant_name="Lê Văn Tám") for number in range(5)))
    await tallies.fold(database)
    assert await check(database, vault) == (5, [], 0, 0)
    async with database.begin() as connection:
        await connection.execute(text("UPDATE tally SET count = count + 2"))
        await connection.execute(text("DELETE FROM dossier_mark WHERE dossier_id = (SELECT min(id) FROM dossier)"))
    found = await check(database, vault)
    assert [(each.counted, each.recounted) for each in found.counts] == [(7, 5)]
    assert found.missing_marks == 7
    assert await check(database, vault, repair=True) == found
    assert await check(database, vault) == (5, [], 0, 0)
