"""The audit: who did what to what. Only ever added to, and each line vouches for all before it.

A line's digest covers its content and the digest of the line before, and their numbers have no gaps: what is altered,
taken out or put in between shows. That the last lines were taken out, or all was written anew by somebody who owns the
database, shows only by a `Head` that was kept elsewhere: the log says each.
"""

from collections.abc import AsyncIterator, Collection, Mapping
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
#: What is done to an agency, which its target begins with. All else is not told to who keeps some agencies.
_OF_AGENCIES = ("agencies", "alert", "call", "delivery", "draft", "inbox", "quarantine", "shadow", "spec", "sync")
_CONCERNING = f"""
    SELECT {_COLUMNS}
      FROM audit
     WHERE split_part(action, '.', 1) = ANY($1) AND ($2::text[] IS NULL OR split_part(target, ' ', 1) = ANY($2))
     ORDER BY id DESC
     LIMIT $3
"""
_OF_AGENCY = "split_part(target, ' ', 1) = {} AND split_part(action, '.', 1) IN " + str(_OF_AGENCIES)
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: those of which all of it is true that is said."""

    target: str | None = None
    actor: str | None = None
    #: Of what was done in one go; and of who has looked at a call that was made in it.
    correlation_id: str | None = None
    since: datetime | None = None
    #: Of what was done to it, and to its streams, spec, calls and whatever else of it.
    agency: str | None = None

    def conditions(self) -> dict[str, Any]:
        """In SQL; each with the value that is `{}` in it."""
        all_of_them = {
            "target = {}": self.target,
            "actor = {}": self.actor,
            "(correlation_id = {0} OR detail ->> 'correlation_id' = {0})": self.correlation_id,
            "at >= {}": self.since,
            _OF_AGENCY: self.agency,
        }
        return {condition: value for condition, value in all_of_them.items() if value is not None}


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

    @property
    def calls(self) -> str | None:
        """The correlation id of the calls that belong to it: made in one go with it, or looked at."""
        told: str | None = (self.detail or {}).get("correlation_id") or self.correlation_id
        return told


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


async def lines(database: Database, wanted: Wanted) -> AsyncIterator[Line]:
    """The first first, however many they are."""
    place = 0
    while rows := await _found(database, {"id > {}": place} | wanted.conditions(), "ASC", _AT_ONCE):
        for row in rows:
            yield _line(row)
        place = rows[-1]["id"]


async def exported(database: Database, wanted: Wanted) -> AsyncIterator[bytes]:
    """The same lines as JSON, with their digests: one a row."""
    async for line in lines(database, wanted):
        told = {
            "line": line.head.line,
            "at": line.at,
            "actor": line.actor,
            "action": line.action,
            "target": line.target,
            "detail": line.detail,
            "correlation_id": line.correlation_id,
            "digest": line.head.digest.hex(),
        }
        yield orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


async def latest(database: Database, wanted: Wanted, *, before: int | None = None, most: int) -> list[Line]:
    """The last lines, or the last `before` one, the latest first."""
    conditions = wanted.conditions() | ({"id < {}": before} if before is not None else {})
    return [_line(row) for row in await _found(database, conditions, "DESC", most)]


async def concerning(database: Database, agencies: Collection[str] | None, *, most: int) -> list[Line]:
    """The last lines of what was done to these agencies, None for all; the latest first."""
    told = list(agencies) if agencies is not None else None
    return [_line(row) for row in await database.reads.fetch(_CONCERNING, _OF_AGENCIES, told, most)]


async def _found(database: Database, conditions: Mapping[str, Any], order: str, most: int) -> list[asyncpg.Record]:
    # Only what is asked for is in the statement: one for all cases could use no index.
    where = " AND ".join(each.format(f"${number}") for number, each in enumerate(conditions, 2)) or "true"
    found: list[asyncpg.Record] = await database.reads.fetch(
        f"SELECT {_COLUMNS} FROM audit WHERE {where} ORDER BY id {order} LIMIT $1",
        most,
        *conditions.values(),
    )
    return found


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
