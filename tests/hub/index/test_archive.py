"""The archive: nobody who asks notices it, and what is said again of an archived dossier goes on where it was."""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from typer.testing import CliRunner, Result

from contracts.observation import Channel, Observation
from hub.access.scopes import Scope
from hub.cli import app
from hub.db import Database, driver_of
from hub.index import history
from hub.index.answers import Answers
from hub.index.archive import Report, archive, pack_away, restore, tonight
from hub.index.check import check
from hub.index.merge import timeline
from hub.index.packing import PACKED_COLUMNS, pack, unpack
from hub.index.record import Recorded, record
from hub.index.rows import agencies_of
from hub.index.steps import unpacked
from hub.index.succession import Clash
from hub.registry import Registry
from hub.vault import Vault
from tests.hub.index.conftest import NewClient, Record
from tests.observations import T0, move
from tests.observations import observation as said
from tests.observations import observations as any_observation

CODE = "H21.20-261123-0001"
LIFE = [
    said(at=0, status=2, submitted_at=T0, due_at=T0 + timedelta(days=9), applicant_name="Rơ Châm H'Yéo"),
    said(at=5, status=4, status_raw="Đang xử lý", applicant_phone="0905 123 456"),
    said(at=9, status=10, finished_at=T0 + timedelta(minutes=9)),
]


async def age(database: Database) -> None:
    """Nothing has been heard for years."""
    async with database.begin() as connection:
        await connection.execute(
            text("""
                UPDATE dossier
                   SET updated_at = updated_at - interval '6 years', finished_at = finished_at - interval '6 years',
                       timeline_at = timeline_at - interval '6 years'
            """)
        )


async def archived(database: Database) -> set[int]:
    return {row["dossier_id"] for row in await database.reads.fetch("SELECT dossier_id FROM archive")}


async def changes(database: Database) -> int:
    return int(await database.reads.fetchval("SELECT count(*) FROM change"))


# --- one piece ------------------------------------------------------------------------------------


async def test_what_is_packed_is_unpacked_to_the_byte(database: Database, do: Record) -> None:
    await do(*LIFE)
    lines = await database.reads.fetch("SELECT *, facts::text AS facts FROM observation ORDER BY observed_at")
    assert [{name: line[name] for name in PACKED_COLUMNS} for line in lines] == unpack(pack(lines))


async def test_nothing_that_is_sealed_is_opened(database: Database, do: Record) -> None:
    await do(*LIFE)
    sealed = {row["personal"] for row in await database.reads.fetch("SELECT personal FROM observation")} - {None}
    await age(database)
    await archive(database, 5)
    packed = await database.reads.fetchval("SELECT packed FROM archive")
    assert {line["personal"] for line in unpack(packed)} - {None} == sealed
    assert not await database.reads.fetchval("SELECT count(*) FROM observation")


# --- what is archived -----------------------------------------------------------------------------


async def test_what_was_finished_long_ago_is_archived_and_nothing_else(database: Database, do: Record) -> None:
    old, day = T0 - timedelta(days=7 * 365), timedelta(days=1)
    await do(
        said("H21.20-200101-0001", status=10, finished_at=old),
        said("H21.20-200101-0002", status=3, submitted_at=old),
        said("H21.20-200101-0003", status=4, submitted_at=old, gone_at=T0),
        said("H21.20-200101-0004", status=4, submitted_at=old),
        said("H21.20-200101-0005", status=9, finished_at=old),
        said("H21.20-200101-0006", status=10, finished_at=T0),
        said("H21.20-200101-0007", status=10, finished_at=old),
    )
    async with database.begin() as connection:
        await connection.execute(
            text("UPDATE dossier SET updated_at = now() - CAST(:quiet AS interval) WHERE code NOT LIKE '%7'"),
            {"quiet": 100 * day},
        )
    told = await archive(database, 5, dry_run=True)
    assert await archived(database) == set()
    done = await archive(database, 5)
    assert (told.dossiers, told.lines, told.bytes_before) == (done.dossiers, done.lines, done.bytes_before)
    codes = await database.reads.fetch("SELECT right(code, 1) AS last FROM dossier JOIN archive ON dossier_id = id")
    assert {row["last"] for row in codes} == {"1", "2", "3"}
    assert (await archive(database, 5)).dossiers.total() == 0


async def test_only_those_of_the_ids_that_are_asked_for(database: Database, do: Record) -> None:
    await do(*(said(f"H21.20-200101-{number}", status=10) for number in range(1, 10)))
    await age(database)
    ids = sorted(row["id"] for row in await database.reads.fetch("SELECT id FROM dossier"))
    await archive(database, 5, ids=range(ids[2], ids[5]))
    assert await archived(database) == set(ids[2:5])


async def test_in_a_hundred_nights_each_dossier_is_looked_at_once(database: Database, do: Record) -> None:
    await do(*(said(f"H21.20-200101-{number}", status=10) for number in range(1, 251)))
    nights = [await tonight(database, date(2026, 11, 26) + timedelta(days=night)) for night in range(100)]
    last = await database.reads.fetchval("SELECT max(id) FROM dossier")
    assert sorted(each for night in nights for each in night) == list(range(1, last + 1))
    assert max(map(len, nights)) - min(map(len, nights)) <= 1


def test_the_command_says_what_would_be_packed_and_packs_it(
    database_url: str, vault: Vault, tmp_path: Path, logging_put_back: None
) -> None:
    async def some() -> None:
        database = await Database.open(database_url)
        async with database.begin() as connection:
            await record(connection, LIFE, vault)
        await age(database)
        await database.close()

    def run(*words: str, **settings: str) -> Result:
        settings |= {"HUB_DATABASE_URL": database_url, "HUB_DATA_DIR": str(tmp_path)}
        return CliRunner().invoke(app, ["index", "archive", *words], env=settings)

    asyncio.run(some())
    assert "Give --years, or set HUB_ARCHIVE_YEARS" in run().stderr
    told = run("--dry-run", "--years", "5")
    assert (told.exit_code, told.stdout.splitlines()[0]) == (0, "ubnd-pleiku: 1"), told.output
    assert "1 dossiers with 3 lines of history would be packed: 0.0 MB in place of 0.0" in told.stdout
    assert "with 3 lines of history are packed" in run(HUB_ARCHIVE_YEARS="5").stdout
    assert run("--years", "5").stdout.startswith("0 dossiers")


# --- nobody notices -------------------------------------------------------------------------------


async def test_every_answer_is_what_it_was(
    database: Database, do: Record, new_client: NewClient, registry: Registry, vault: Vault
) -> None:
    await do(*LIFE, said(at=12, status=10, heard=20, channel=Channel.PULL), said("H21.20-261123-0002", status=4))
    await age(database)
    client = await new_client(*(Scope.DOSSIERS_READ, Scope.DOSSIERS_SEARCH, Scope.PEOPLE_READ, Scope.STATISTICS_READ))

    async def answers() -> list[Any]:
        asked = [
            await client.get("/v1/dossiers"),
            await client.get("/v1/dossiers", params={"status": "10"}),
            await client.post("/v1/dossiers/search", json={"name": "ro cham hyeo"}),
            await client.post("/v1/dossiers/search", json={"code": "261123-1"}),
            await client.post("/v1/people/dossiers", json={"phone": "0905123456"}),
            await client.get("/v1/statistics", params={"first": "2015-01"}),
        ]
        assert {each.status_code for each in asked} == {200}, [each.text for each in asked]
        dossier_id = await database.reads.fetchval("SELECT id FROM dossier WHERE code = $1", CODE)
        lines = [await history.entries(database, vault, dossier_id, personal=each) for each in (True, False)]
        return [
            *(each.json() for each in asked),
            [each.headers.get("etag") for each in asked],
            lines,
            [
                {name: value for name, value in each.items() if not name.startswith("stale")}
                for each in await Answers(database, registry, vault).find_json(CODE)
            ],
            await check(database, vault),
            await changes(database),
        ]

    before = await answers()
    assert (await archive(database, 5)).dossiers == {"ubnd-pleiku": 1}
    assert await answers() == before


async def test_what_is_heard_again_leaves_it_archived(database: Database, vault: Vault, do: Record) -> None:
    await do(*LIFE)
    await age(database)
    await archive(database, 5)
    before = await archived(database), await changes(database)
    async with database.begin() as connection:
        assert await record(connection, LIFE, vault) == Recorded(received=3, added=0, changed=0, conflicts=0)
    assert (await archived(database), await changes(database)) == before


@pytest.mark.parametrize(
    "news", [said(at=30, status=4), said(at=3, status=5), LIFE[1].model_copy(update={"observed_at": T0})]
)
async def test_what_is_news_brings_it_back(database: Database, do: Record, news: Observation) -> None:
    await do(*LIFE)
    await age(database)
    await archive(database, 5)
    await do(news)
    assert await archived(database) == set()
    lines = await database.reads.fetchval("SELECT count(*) FROM observation")
    assert lines == (3 if news.occurred_at == LIFE[1].occurred_at else 4)


# --- as if it had never been away -----------------------------------------------------------------


async def dump(connection: AsyncConnection, vault: Vault) -> list[tuple[str, dict[str, Any]]]:
    """The index as plain values, without what legitimately depends on when it was written."""
    driver = driver_of(connection)
    ids = [row["id"] for row in await driver.fetch("SELECT id FROM dossier ORDER BY id")]
    told = history.entries_of(await driver.fetch(history.LINES, ids), vault)
    for row in await driver.fetch("SELECT id, agency, former_agencies, timeline FROM dossier"):
        assert unpacked(row["timeline"]) == timeline(told[row["id"]], agencies_of(row))
    await restore(driver, ids)
    found = []
    for table in ("dossier", "observation", "change", "recheck", "dossier_mark", "dossier_alias", "tally_delta"):
        for row in await driver.fetch(f"SELECT * FROM {table}"):
            values = dict(row)
            if values.get("personal"):
                values["personal"] = orjson.loads(vault.open(values["personal"]))
            for name in {"updated_at", "timeline_at", "recorded_at", "seq", "xid", "at", "wanted_at"} & values.keys():
                del values[name]
            for name in {"id", "dossier_id", "joined_id"} & values.keys():
                values[name] = values[name] and values[name] - ids[0]
            found.append((table, values))
    return sorted(found, key=str)


async def recorded_in(
    database: Database, vault: Vault, batches: Sequence[tuple[Sequence[Observation], bool]], *, archiving: bool
) -> Any:
    """What the index holds, and what `record` said, after the batches; after some of them all is archived. Rolled back,
    so that each example starts from nothing."""
    told: list[Any] = []
    async with database.trial() as connection:
        for batch, then_archived in batches:
            try:
                async with connection.begin_nested():
                    told.append(await record(connection, batch, vault))
            except Clash as clash:
                told.append(str(clash))
            if archiving and then_archived:
                driver = driver_of(connection)
                there = await driver.fetch("SELECT id FROM dossier EXCEPT SELECT dossier_id FROM archive")
                await pack_away(driver, [row["id"] for row in there], Report())
        return told, await dump(connection, vault)


_agencies = st.sampled_from(["ubnd-pleiku", "so-tnmt"])
heard = st.one_of(
    st.tuples(any_observation, _agencies).map(lambda each: each[0].model_copy(update={"agency": each[1]})),
    st.builds(move, st.just("so-tnmt"), at=st.integers(0, 9)),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(batches=st.lists(st.tuples(st.lists(heard, min_size=1, max_size=4), st.booleans()), max_size=6))
async def test_archived_at_any_moments_it_becomes_the_same(
    database: Database, vault: Vault, batches: list[tuple[list[Observation], bool]]
) -> None:
    without = await recorded_in(database, vault, batches, archiving=False)
    assert await recorded_in(database, vault, batches, archiving=True) == without


async def test_two_archived_dossiers_become_one(database: Database, vault: Vault, do: Record) -> None:
    await do(*LIFE, said(agency="so-tnmt", at=7, status=9, heard=8))
    await age(database)
    async with database.begin() as connection:
        await connection.execute(text("SELECT FROM dossier FOR UPDATE"))
        ids = [row["id"] for row in await database.reads.fetch("SELECT id FROM dossier ORDER BY agency DESC")]
        await pack_away(driver_of(connection), ids, Report())
    await do(move("so-tnmt"))
    [row] = await database.reads.fetch("SELECT id, agency, status FROM dossier")
    lines = await history.entries(database, vault, row["id"], personal=True)
    assert (row["agency"], row["status"], len(lines), await archived(database)) == ("so-tnmt", 9, 5, set())
    # It is archived again, but for the line that it moved by.
    async with database.begin() as connection:
        await connection.execute(text("SELECT FROM dossier FOR UPDATE"))
        await pack_away(driver_of(connection), [row["id"]], Report())
    assert [each["channel"] for each in await database.reads.fetch("SELECT channel FROM observation")] == ["succession"]
    assert await history.entries(database, vault, row["id"], personal=True) == lines


async def test_who_archives_and_who_records_wait_for_each_other(database: Database, vault: Vault, do: Record) -> None:
    await do(*LIFE)
    await age(database)
    dossier_id = await database.reads.fetchval("SELECT id FROM dossier")
    async with database.begin() as connection:
        await connection.execute(text("SELECT FROM dossier FOR UPDATE"))
        recording = asyncio.ensure_future(do(said(at=30, status=4)))
        while not await database.reads.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.01)
        await pack_away(driver_of(connection), [dossier_id], Report())
    await recording
    lines = await history.entries(database, vault, dossier_id, personal=True)
    assert ([entry.facts["status"] for entry in lines], await archived(database)) == (["2", "4", "10", "4"], set())
