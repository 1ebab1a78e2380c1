"""The parts of `dossier_mark`, by ranges of dossier ids: so that new marks all go to a few pages, and not all over an
index that is as large as the country.

The last part is open, and a part's name says with which id it begins. PostgreSQL does the rest: who asks for a mark
asks each part, from the highest ids down, and stops where enough was found.
"""

import asyncpg
import structlog
from sqlalchemy import text

from hub.db import Database, driver_of

log = structlog.get_logger()

#: Dossiers in a part. Half a gigabyte of index stays in memory, and a country of ten million has five.
MOST = 2_000_000


async def split(database: Database, *, most: int = MOST) -> None:
    """Close the last part and begin another, once it has so many dossiers. Writing and searching wait for the seconds
    in which PostgreSQL sees that all of it is below the next one. While somebody is busy with it for long, as a backup
    is, nothing is done."""
    try:
        async with database.begin() as connection:
            # Who waits for the lock has all others wait behind.
            await connection.execute(text("SET LOCAL lock_timeout = '3s'"))
            driver = driver_of(connection)
            # The database's own function (migration 0022): the hub at work may not alter tables.
            following = await driver.fetchval("SELECT split_marks($1)", most)
    except asyncpg.LockNotAvailableError:
        log.info("marks.not_split")
    else:
        if following:
            log.info("marks.split", first=following)
