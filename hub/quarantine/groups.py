"""The quarantine by causes: what is open of one agency for one reason is mended together."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from hub.db import Database
from hub.quarantine.closing import NotOpen

#: Of a cause with more records than these, so many are shown.
_SHOWN = 20
_MOST_GROUPS = 200

# A group goes by the number of its first record: what agencies said may be personal, and is in no address.
_GROUPS = """
    SELECT min(id) AS id, agency, reason, field, value, count(*) AS records, min(first_seen_at) AS since,
           max(last_seen_at) AS last, min(message) AS message
      FROM quarantine
     WHERE resolved_at IS NULL AND ($1::text[] IS NULL OR agency = ANY($1))
     GROUP BY agency, reason, field, value
"""
_ALL = f"{_GROUPS} ORDER BY count(*) DESC, max(last_seen_at) DESC LIMIT {_MOST_GROUPS}"
_SAME = """
      FROM quarantine q
      JOIN quarantine one ON one.id = $2 AND one.agency = $1
       AND (q.agency, q.reason) = (one.agency, one.reason)
       AND q.field IS NOT DISTINCT FROM one.field AND q.value IS NOT DISTINCT FROM one.value
     WHERE q.resolved_at IS NULL
"""
_ONE = f"""
    SELECT min(q.id) AS id, q.agency, q.reason, q.field, q.value, count(*) AS records, min(q.first_seen_at) AS since,
           max(q.last_seen_at) AS last, min(q.message) AS message
    {_SAME}
     GROUP BY q.agency, q.reason, q.field, q.value
"""
_RECORDS = f"""
    SELECT q.id, q.code, q.channel, q.expression, q.message, q.times, q.first_seen_at, q.last_seen_at, q.correlation_id
    {_SAME}
     ORDER BY q.last_seen_at DESC
     LIMIT {_SHOWN}
"""
_NUMBERS = f"SELECT q.id {_SAME}"


@dataclass(frozen=True, slots=True)
class Group:
    """What one agency said that is not understood for one and the same reason."""

    #: Of one of its records.
    id: int
    agency: str
    reason: str
    field: str | None
    value: str | None
    records: int
    since: datetime
    last: datetime
    message: str


async def groups(database: Database, agencies: Collection[str] | None = None) -> list[Group]:
    """Those of all agencies, or of these; the largest first."""
    only = None if agencies is None else list(agencies)
    return [Group(**row) for row in await database.reads.fetch(_ALL, only)]


async def group(database: Database, agency: str, number: int) -> Group:
    """The one that the agency's record with this number is of. Raises NotOpen."""
    row = await database.reads.fetchrow(_ONE, agency, number)
    if row is None:
        raise NotOpen(f"nothing of {agency} in quarantine has the number {number}")
    return Group(**row)


async def records(database: Database, found: Group) -> list[asyncpg.Record]:
    """The latest of its records; nothing of them is personal but their codes."""
    return list(await database.reads.fetch(_RECORDS, found.agency, found.id))


async def numbers(database: Database, found: Group) -> list[int]:
    """Of all its records."""
    return [row["id"] for row in await database.reads.fetch(_NUMBERS, found.agency, found.id)]
