"""Marks lie in parts, and nobody who asks for one notices."""

import asyncio
import re

import asyncpg
import pytest
from sqlalchemy import text

from hub.access.scopes import Scope
from hub.db import Database
from hub.index import parts
from hub.index.check import check
from hub.migrations.run import migrate_as_owner
from hub.roles import worker_of
from hub.vault import Vault
from tests.hub.index.conftest import NewClient, Record
from tests.observations import observation as said

NAME = "Nguyễn Văn Đức"


async def names(database: Database) -> list[str]:
    rows = await database.reads.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'dossier_mark'::regclass ORDER BY 1"
    )
    return [row["name"] for row in rows]


async def test_a_full_part_is_closed_and_all_are_found_and_changed_as_before(
    database: Database, vault: Vault, do: Record, new_client: NewClient
) -> None:
    client = await new_client(Scope.DOSSIERS_SEARCH)
    codes = [f"H21.20-261123-{number:04}" for number in range(1, 13)]
    for number, code in enumerate(codes, start=1):
        await do(said(code, status=4, applicant_name=NAME))
        await parts.split(database, most=5)
        assert len(await names(database)) == 1 + number // 5
    assert await names(database) == ["dossier_mark_1", "dossier_mark_11", "dossier_mark_6"]
    # Renamed in the first part, and in the last.
    await do(*(said(code, at=1, status=4, applicant_name="Ksor H'Lan") for code in (codes[0], codes[-1])))
    found: list[str] = []
    cursor = None
    while True:
        page = (await client.post("/v1/dossiers/search", json={"name": "van duc", "limit": 2, "cursor": cursor})).json()
        found += [each["code"] for each in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert found == codes[-2:0:-1]
    assert await check(database, vault) == (12, [], 0, 0)


async def test_parts_are_asked_one_after_the_other_and_nothing_is_sorted(database: Database, do: Record) -> None:
    for number in range(9):
        await do(said(f"H21.20-261123-{number:04}", applicant_name=NAME))
        await parts.split(database, most=3)
    async with database.begin() as connection:
        # Of tables as small as these PostgreSQL would read all.
        for way in ("seqscan", "bitmapscan"):
            await connection.execute(text(f"SET LOCAL enable_{way} = off"))
        walk = "EXPLAIN SELECT dossier_id FROM dossier_mark WHERE mark = 1 ORDER BY dossier_id DESC LIMIT 51"
        plan = "\n".join((await connection.execute(text(walk))).scalars())
    assert re.findall(r" on dossier_mark_(\d+)", plan) == ["10", "7", "4", "1"], plan
    assert "Append" in plan and "Sort" not in plan and "Merge" not in plan, plan


async def test_what_is_not_full_stays_open(database: Database, do: Record) -> None:
    await do(said(applicant_name=NAME))
    await parts.split(database)
    assert await names(database) == ["dossier_mark_1"]


async def test_who_is_busy_with_it_is_not_waited_for(database: Database, do: Record) -> None:
    await do(said(applicant_name=NAME))
    async with database.begin() as connection:
        await connection.execute(text("SELECT FROM dossier_mark"))
        await asyncio.wait_for(parts.split(database, most=1), 30)
    assert await names(database) == ["dossier_mark_1"]
    await parts.split(database, most=1)
    assert await names(database) == ["dossier_mark_1", "dossier_mark_2"]


async def test_the_hub_at_work_closes_a_full_part_though_it_owns_no_table(database: Database, do: Record) -> None:
    work = await worker_of(database.url)
    await migrate_as_owner(work, database.url)
    at_work = await Database.open(work)
    try:
        for number in range(4):
            await do(said(f"H21.20-261123-{number:04}", applicant_name=NAME))
            await parts.split(at_work, most=2)
        assert await names(at_work) == ["dossier_mark_1", "dossier_mark_3", "dossier_mark_5"]
        assert await at_work.reads.fetchval("SELECT max(dossier_id) FROM dossier_mark") == 4
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await at_work.reads.execute("ALTER TABLE dossier_mark DETACH PARTITION dossier_mark_1")
    finally:
        await at_work.close()
