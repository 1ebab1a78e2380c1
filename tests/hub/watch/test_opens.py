"""Noting which dossiers are shown: after the answer, a few at a time, and never in its way."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row, select, text, update

from contracts.status import DossierStatus
from hub.db import Database
from hub.index.answers import Answers
from hub.index.lists import Lists
from hub.index.record import record
from hub.index.tables import dossier
from hub.index.walks import Filter
from hub.registry import Registry
from hub.vault import Vault
from hub.watch import store
from hub.watch.opens import Opens
from hub.watch.tables import watch
from tests.observations import observation as said
from tests.parts import pushing_spec, registry_of

CODE, OTHER, DONE = "H21.20-261123-0001", "H21.20-261123-0002", "H21.20-261123-0003"


@pytest.fixture
async def registry() -> AsyncIterator[Registry]:
    async with registry_of(pushing_spec()) as built:
        yield built


@pytest.fixture
def opens() -> Opens:
    return Opens()


@pytest.fixture
async def answers(database: Database, registry: Registry, vault: Vault, opens: Opens) -> Answers:
    async with database.begin() as connection:
        await record(connection, [said(CODE, status=4), said(OTHER, status=4), said(DONE, status=10)], vault)
    return Answers(database, registry, vault, shown=opens.note)


@pytest.fixture
def lists(database: Database, registry: Registry, vault: Vault) -> Lists:
    return Lists(database, registry, vault)


async def rows(database: Database) -> Sequence[Row[Any, Any, Any]]:
    async with database.begin() as connection:
        found = await connection.execute(
            select(dossier.c.code, watch.c.opened_at, watch.c.opened_count)
            .join(watch, watch.c.dossier_id == dossier.c.id)
            .order_by(dossier.c.code)
        )
        return found.all()


async def earlier(database: Database, by: timedelta) -> None:
    """As if the looks so far had been that long ago."""
    async with database.begin() as connection:
        await connection.execute(update(watch).values(opened_at=watch.c.opened_at - by))


async def test_what_was_shown_is_noted_and_what_was_not_is_not(
    database: Database, answers: Answers, lists: Lists, opens: Opens
) -> None:
    assert await answers.find("h21.20 261123 0001")
    assert not await answers.find("H21.20-999999-0001")
    assert (await lists.page(Filter(), None, 50))["items"]
    assert not await rows(database), "nothing is written while somebody waits"
    await opens.flush(database)
    assert [(row.code, row.opened_count) for row in await rows(database)] == [(CODE, 1)]


async def test_who_reads_on_has_looked_once(database: Database, answers: Answers, opens: Opens) -> None:
    for _ in range(3):
        await answers.find(CODE)
        await answers.find(CODE)
        await opens.flush(database)
    before = await rows(database)
    assert [row.opened_count for row in before] == [1]
    await earlier(database, timedelta(minutes=11))
    await answers.find(CODE)
    await opens.flush(database)
    assert (await rows(database))[0].opened_count == pytest.approx(2, abs=0.01)


async def test_looks_of_long_ago_count_for_little(database: Database, answers: Answers, opens: Opens) -> None:
    await answers.find(CODE)
    await opens.flush(database)
    await earlier(database, timedelta(days=30))
    await answers.find(CODE)
    await opens.flush(database)
    assert (await rows(database))[0].opened_count == pytest.approx(1, abs=0.01)


async def test_a_dossier_at_its_end_is_watched_no_more(
    database: Database, vault: Vault, answers: Answers, opens: Opens
) -> None:
    await answers.find(CODE)
    await answers.find(DONE)
    await opens.flush(database)
    assert [row.code for row in await rows(database)] == [CODE]
    async with database.begin() as connection:
        await record(connection, [said(CODE, at=1, status=10)], vault)
    await store.prune(database)
    assert await rows(database) == []


async def test_a_look_is_not_lost_with_the_connection(database: Database, answers: Answers, opens: Opens) -> None:
    await answers.find(CODE)
    async with database.begin() as connection:
        await connection.execute(text("ALTER TABLE watch RENAME TO away"))
    with pytest.raises(Exception, match="watch"):
        await opens.flush(database)
    # Who asked has had his answer, and the look is still there to be noted.
    async with database.begin() as connection:
        await connection.execute(text("ALTER TABLE away RENAME TO watch"))
    await opens.flush(database)
    assert [row.code for row in await rows(database)] == [CODE]


async def test_a_flood_of_looks_is_held_to_a_few(database: Database) -> None:
    opens = Opens()
    for start in range(0, 1_000_000, 100):
        opens.note(range(start, start + 100))
    assert len(opens._shown) == 10_000


async def test_an_answer_says_when_its_dossier_was_checked(database: Database, answers: Answers, lists: Lists) -> None:
    before = (await answers.find(CODE))[0]
    assert before.checked_at == before.observed_at
    asked_at = datetime.now(UTC)
    async with database.begin() as connection:
        (dossier_id,) = (await connection.execute(select(dossier.c.id).where(dossier.c.code == CODE))).one()
        await store.note_check(connection, dossier_id, at=asked_at)
    after = (await answers.find(CODE))[0]
    assert (after.observed_at, after.checked_at) == (before.observed_at, asked_at)
    listed = {item["code"]: item["checked_at"] for item in (await lists.page(Filter(), None, 50))["items"]}
    assert listed == {CODE: asked_at, OTHER: before.observed_at, DONE: before.observed_at}


async def test_open_dossiers_are_found_by_their_index(database: Database) -> None:
    """Its condition, the query's and the meaning of "at its end" are written down three times."""
    final = sorted(status.number for status in DossierStatus if status.is_final)
    async with database.reads.acquire() as connection:
        async with connection.transaction():
            await connection.execute("SET LOCAL enable_seqscan = off")
            await connection.execute("SET LOCAL enable_bitmapscan = off")
            plan = await connection.fetch("EXPLAIN " + store._CANDIDATES, "ubnd-pleiku", datetime.now(UTC))
        (definition,) = await connection.fetchrow("SELECT pg_get_indexdef('dossier_open_idx'::regclass)")
    assert any("dossier_open_idx" in line[0] for line in plan)
    assert ", ".join(map(str, final)) in definition.replace("'", "").replace("::integer", "")
