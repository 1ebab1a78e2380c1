"""The audit: who did what to what. Only ever added to, and each line vouches for all before it.

A line's digest covers its content and the digest of the line before, and their numbers have no gaps: what is altered,
taken out or put in between shows. That the last lines were taken out, or all was written anew by somebody who owns the
database, shows only by a `Head` that was kept elsewhere: the log says each.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import asyncpg
import orjson
import structlog
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.access.tables import audit
from hub.db import Database, Driver
from hub.log import correlation_id

log = structlog.get_logger()

#: The database's own function chains them (migration 0018). It is not used here: one put in its place would agree with
#: itself.
_BROKEN = """
    SELECT id
      FROM (SELECT l.id, l.digest, row_number() OVER lines AS place,
                   sha256(coalesce(lag(l.digest) OVER lines, '') || convert_to(
                       jsonb_build_array(l.id, (extract(epoch FROM l.at) * 1000000)::bigint, l.actor, l.action,
                                         l.target, l.detail, l.correlation_id)::text, 'UTF8')) AS right_digest
              FROM audit l
            WINDOW lines AS (ORDER BY l.id)) each
     WHERE digest <> right_digest OR id <> place
     ORDER BY id
     LIMIT 1
"""
_HEAD = "SELECT id, digest FROM audit ORDER BY id DESC LIMIT 1"
_AT = "SELECT digest FROM audit WHERE id = $1"
_COLUMNS = "id, at, actor, action, target, detail, correlation_id, digest"
_LATEST = f"""
    SELECT {_COLUMNS}
      FROM audit
     WHERE ($1::bigint IS NULL OR id < $1) AND ($2::text IS NULL OR target = $2) AND ($3::text IS NULL OR actor = $3)
     ORDER BY id DESC
     LIMIT $4
"""
_LINES = f"""
    SELECT {_COLUMNS}
      FROM audit
     WHERE id > $1 AND ($2::timestamptz IS NULL OR at >= $2) AND ($3::text IS NULL OR target = $3)
       AND ($4::text IS NULL OR actor = $4)
     ORDER BY id
     LIMIT 1000
"""


@dataclass(frozen=True, slots=True)
class Head:
    """One line's number and digest, which vouch for all lines up to it."""

    line: int
    digest: bytes

    @classmethod
    def read(cls, told: str) -> Self:
        """Of `17:3f…`. Raises ValueError."""
        line, _, digest = told.partition(":")
        return cls(int(line), bytes.fromhex(digest))

    def __str__(self) -> str:
        return f"{self.line}:{self.digest.hex()}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look at the whole audit found."""

    #: The last line; None where there is none.
    head: Head | None
    #: The first line that is not what it was, or follows a gap.
    broken_at: int | None
    #: Of the heads that somebody kept, the first that is not in it.
    missing: Head | None

    @property
    def holds(self) -> bool:
        return self.broken_at is None and self.missing is None


@dataclass(frozen=True, slots=True)
class Line:
    """Who did what to what."""

    head: Head
    at: datetime
    actor: str
    action: str
    target: str | None
    detail: Any
    correlation_id: str | None


async def note(
    connection: AsyncConnection,
    *,
    actor: str,
    action: str,
    target: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write one line, in the transaction of what it tells about. Never pass a secret or personal data."""
    line = {"actor": actor, "action": action, "target": target, "detail": detail, "correlation_id": correlation_id()}
    row = (await connection.execute(insert(audit).values(line).returning(audit.c.id, audit.c.digest))).one()
    # Said before it is committed: one that is not in the audit in the end is a transaction that was rolled back, and
    # its number is another line's.
    log.info("audit.line", head=str(Head(row.id, row.digest)), actor=actor, action=action, target=target)


async def lines(
    database: Database, *, since: datetime | None = None, target: str | None = None, actor: str | None = None
) -> AsyncIterator[Line]:
    """The lines from `since` on of one target or actor, or of all, the first first."""
    place = 0
    while rows := await database.reads.fetch(_LINES, place, since, target, actor):
        for row in rows:
            yield _line(row)
        place = rows[-1]["id"]


async def latest(
    database: Database, *, before: int | None = None, target: str | None = None, actor: str | None = None, most: int
) -> list[Line]:
    """The last lines, or the last `before` one, the latest first."""
    return [_line(row) for row in await database.reads.fetch(_LATEST, before, target, actor, most)]


def _line(row: asyncpg.Record) -> Line:
    return Line(
        Head(row["id"], row["digest"]),
        row["at"],
        row["actor"],
        row["action"],
        row["target"],
        orjson.loads(row["detail"]) if row["detail"] else None,
        row["correlation_id"],
    )


async def verify(connection: Driver, kept: tuple[Head, ...] = ()) -> Verdict:
    """Look at every line. `kept`: heads from elsewhere, which must be in it."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        head = await connection.fetchrow(_HEAD)
        broken_at = await connection.fetchval(_BROKEN)
        missing = None
        for each in sorted(kept, key=lambda one: one.line):
            if await connection.fetchval(_AT, each.line) != each.digest:
                missing = each
                break
    return Verdict(Head(head["id"], head["digest"]) if head else None, broken_at, missing)
