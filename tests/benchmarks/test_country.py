"""The country that benchmarks work on: an index that `record` could have made."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, text

from benchmarks import country
from contracts.codes import code_key
from hub.db import Database, driver_of
from hub.index import sql
from hub.index.check import check
from hub.index.merge import Entry, fold
from hub.index.record import record
from hub.index.rows import entry_of, state_of
from hub.index.tables import change, dossier, observation
from hub.vault import Vault
from tests.observations import observation as said

NOW = datetime(2026, 11, 25, 2, 30, tzinfo=UTC)


async def schema(database: Database) -> list[str]:
    async with database.begin() as connection:
        constraints = await connection.execute(text("SELECT conname FROM pg_constraint WHERE contype IN ('p','u','f')"))
        indexes = await connection.execute(text("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"))
        return sorted([*constraints.scalars(), *indexes.scalars()])


@pytest.mark.parametrize("lines", [1, country.MOST_LINES])
async def test_each_dossier_is_what_its_history_makes(database: Database, vault: Vault, lines: int) -> None:
    before = await schema(database)
    await country.fill(database, vault, 5000, lines=lines, now=NOW)
    assert await schema(database) == before
    found = await check(database, vault)
    assert (found.dossiers, found.counts, found.missing_marks, found.other_steps) == (5000, [], 0, 0)
    async with database.begin() as connection:
        rows = (await connection.execute(select(dossier))).mappings().all()
        history = await driver_of(connection).fetch(sql.HISTORY, [row["id"] for row in rows])
        changes = (await connection.execute(select(func.count()).select_from(change))).scalar_one()
    entries: dict[int, list[Entry]] = {row["id"]: [] for row in rows}
    for line in history:
        entries[line["dossier_id"]].append(entry_of(line, vault))
    assert (len(rows), changes, {len(each) for each in entries.values()}) == (5000, 5000, {lines})
    for row in rows:
        assert row["code_key"] == code_key(row["code"])
        assert row["observed_at"] < NOW
        folded, shown = fold(entries[row["id"]]), state_of(row, vault)
        assert (folded.facts, folded.moment, folded.top) == (shown.facts, shown.moment, shown.top)
        assert (folded.observed_at, folded.channel) == (shown.observed_at, shown.channel)


async def test_what_agencies_say_next_goes_on_from_there(database: Database, vault: Vault) -> None:
    await country.fill(database, vault, 1000, now=NOW)
    async with database.begin() as connection:
        known = (await connection.execute(select(dossier).order_by(dossier.c.id).limit(1))).mappings().one()
        news = [said(known["code"], agency=known["agency"], status=5), said("H21.20-261125-9999", status=1)]
        recorded = await record(connection, news, vault)
        lines = (await connection.execute(select(func.count()).select_from(observation))).scalar_one()
    assert (recorded.created, recorded.changed, lines) == (1, 2, 1002)
