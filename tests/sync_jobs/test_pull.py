"""The pull job, page by page and part by part."""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import select

from contracts.adapter import Page
from contracts.errors import TimedOut, Withheld
from hub.db import Database
from hub.index.tables import dossier
from hub.streams import store
from hub.streams.tables import stream
from hub.vault import Vault
from sync_jobs.pull import pull
from tests.observations import observation as said
from tests.parts import Told, pulled_spec

FIRST, SECOND = "H21.20-261123-0001", "H21.20-261123-0002"


class InParts(Told):
    """An agency whose answers are big: a page comes in two parts, and breaks off between them at first."""

    broken = True

    async def changes(self, *args: Any, **options: Any) -> AsyncIterator[Page]:
        async for page in super().changes(*args, **options):
            half, rest = page.observations[:1], page.observations[1:]
            yield Page(half, (), None, complete=False)
            if self.broken:
                raise TimedOut("it broke off")
            yield Page(rest, page.unusable, page.next)


async def codes(database: Database) -> set[str]:
    async with database.begin() as connection:
        return set((await connection.execute(select(dossier.c.code))).scalars())


async def test_what_came_before_a_break_is_kept_and_the_page_is_read_again(database: Database, vault: Vault) -> None:
    spec = pulled_spec()
    await store.ensure(database, [spec])
    agency = InParts(spec, [[said(FIRST, status=4), said(SECOND, status=4)]])
    first = await pull(database, agency, vault)
    assert (first.outcome, first.added) == ("timed_out", 1)
    assert await codes(database) == {FIRST}
    async with database.begin() as connection:
        assert (await connection.execute(select(stream.c.covered_until))).scalar_one() is None

    agency.broken = False
    second = await pull(database, agency, vault)
    assert (second.outcome, second.pages, second.received, second.added) == ("ok", 1, 2, 1)
    assert await codes(database) == {FIRST, SECOND}
    assert [position for _, position in agency.asked] == [None, None]
    async with database.begin() as connection:
        assert (await connection.execute(select(stream.c.covered_until))).scalar_one() is not None


async def test_an_agency_that_was_not_asked_has_not_failed(database: Database, vault: Vault) -> None:
    spec = pulled_spec()
    await store.ensure(database, [spec])
    run = await pull(database, Told(spec, [Withheld("its day's calls are spent", retry_after=3600)]), vault)
    assert (run.outcome, run.message) == ("withheld", "its day's calls are spent")
    async with database.begin() as connection:
        row = (await connection.execute(select(stream))).mappings().one()
    assert (row["failures_in_a_row"], row["last_failed_at"]) == (0, None)
    assert (row["next_due_at"] - run.started_at).total_seconds() >= 3600
