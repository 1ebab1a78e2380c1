"""An index big enough for PostgreSQL to plan as it would for a country, shared by all that look at plans."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import asyncpg
import pytest

from benchmarks import country
from hub.db import Database
from hub.vault import Vault
from tests.hub.index.plans.plan import Connection

#: So many dossiers, of two lines of history each.
DOSSIERS = 40_000
#: Marks of names and codes that half of all dossiers have, a third, and eight of them.
HALF, THIRD, FEW = 1, 2, 3
_FILE = f"""
    INSERT INTO dossier_mark (mark, dossier_id)
    SELECT mark, id
      FROM dossier
     CROSS JOIN LATERAL (VALUES ({HALF}, id % 2 = 0), ({THIRD}, id % 3 = 0), ({FEW}, id % 5000 = 0),
                                (1000 + id / 8, true)) filed (mark, is_so)
     WHERE is_so
"""
#: Looked at lately: one dossier in six.
_OPEN = """
    INSERT INTO watch (dossier_id, opened_at, opened_count)
    SELECT id, now(), 1 FROM dossier WHERE id % 6 = 0
"""
NOW = datetime(2026, 11, 25, 2, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def country_url(new_database: Callable[[], AbstractContextManager[str]], vault: Vault) -> Iterator[str]:
    async def fill(url: str) -> None:
        database = await Database.open(url)
        try:
            await country.fill(database, vault, DOSSIERS, lines=2, now=NOW)
            await database.reads.execute(_FILE)
            await database.reads.execute("VACUUM ANALYZE dossier_mark")
            await database.reads.execute(_OPEN)
            await database.reads.execute("VACUUM ANALYZE watch")
        finally:
            await database.close()

    with new_database() as url:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, fill(url)).result()
        yield url


@pytest.fixture
async def index(country_url: str) -> AsyncIterator[Connection]:
    """A connection to it. Change nothing."""
    connection = await asyncpg.connect(country_url)
    yield connection
    await connection.close()
