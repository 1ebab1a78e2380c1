"""The parts of `dossier_mark`, by ranges of dossier ids: so that new marks all go to a few pages, and not all over an
index that is as large as the country.

The last part is open, and a part's name says with which id it begins. PostgreSQL does the rest: who asks for a mark
asks each part, from the highest ids down, and stops where enough was found.
"""

import asyncpg
import structlog
from sqlalchemy import text

from hub.db import Database, Driver, driver_of

log = structlog.get_logger()

#: Dossiers in a part. Half a gigabyte of index stays in memory, and a country of ten million has five.
MOST = 2_000_000

# Where the last part begins, and the first id that nobody has got.
_OPEN = """
    SELECT max(substring(inhrelid::regclass::text FROM '[0-9]+$')::bigint) AS first,
           coalesce(pg_sequence_last_value(pg_get_serial_sequence('dossier', 'id')::regclass), 0) + 1 AS next
      FROM pg_inherits
     WHERE inhparent = 'dossier_mark'::regclass
"""


async def split(database: Database, *, most: int = MOST) -> None:
    """Close the last part and begin another, once it has so many dossiers. Writing and searching wait for the seconds
    in which PostgreSQL sees that all of it is below the next one. While somebody is busy with it for long, as a backup
    is, nothing is done."""
    first, following = await database.reads.fetchrow(_OPEN)
    if following - first < most:
        return
    try:
        async with database.begin() as connection:
            # Who waits for the lock has all others wait behind.
            await connection.execute(text("SET LOCAL lock_timeout = '3s'"))
            driver = await driver_of(connection)
            await driver.execute("LOCK TABLE dossier_mark IN ACCESS EXCLUSIVE MODE")
            first, following = await driver.fetchrow(_OPEN)
            if following - first >= most:
                await _close(driver, first, following)
    except asyncpg.LockNotAvailableError:
        log.info("marks.not_split")


async def _close(driver: Driver, first: int, following: int) -> None:
    # Of the ids before the first part there are none.
    start = "MINVALUE" if first == 1 else first
    await driver.execute(f"""
        ALTER TABLE dossier_mark DETACH PARTITION dossier_mark_{first};
        ALTER TABLE dossier_mark ATTACH PARTITION dossier_mark_{first} FOR VALUES FROM ({start}) TO ({following});
        CREATE TABLE dossier_mark_{following} PARTITION OF dossier_mark FOR VALUES FROM ({following}) TO (MAXVALUE);
    """)
    log.info("marks.split", first=following)
