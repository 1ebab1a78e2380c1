"""Reads the feed from the database: up to the oldest transaction that is still open, and no further."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import orjson

from contracts.change import ChangeType
from contracts.observation import AgencyId
from contracts.status import DossierStatus
from hub.db import Database
from hub.feed.cursor import Position
from hub.index.rows import agencies_of
from hub.index.summaries import STATE_COLUMNS, state_json
from hub.index.walks import procedure_key
from hub.registry import Registry

#: With a filter, so many changes are looked through for one page: it costs the same however little it finds.
LOOKED_THROUGH = 1000

# One statement, so that all is of one moment: what is kept, what has ended, the changes, and the dossiers as they are.
# A transaction below xmin has ended, and no other will ever write below it.
READ = f"""
    SELECT f.generation, f.pruned_xid::text AS pruned_xid, f.pruned_seq,
           pg_snapshot_xmin(pg_current_snapshot())::text AS xmin, pg_snapshot_xmax(pg_current_snapshot())::text AS xmax,
           c.seq, c.xid::text AS xid, c.kind, c.status_before, c.status_after, c.joined_id, c.at,
           {STATE_COLUMNS.strip()}
      FROM feed f
      LEFT JOIN (SELECT seq, xid, dossier_id, kind, status_before, status_after, joined_id, at
                   FROM change
                  WHERE (xid, seq) > ($1::text::xid8, $2::bigint)
                    AND xid < pg_snapshot_xmin(pg_current_snapshot())
                  ORDER BY xid, seq
                  LIMIT $3) c ON true
      -- The limit keeps every plan from reading all dossiers for a page's.
      LEFT JOIN LATERAL (SELECT * FROM dossier WHERE dossier.id = c.dossier_id LIMIT 1) d ON true
     ORDER BY c.xid, c.seq
"""

_HERE = """
    SELECT generation, pg_snapshot_xmin(pg_current_snapshot())::text AS xmin FROM feed
"""

# Everything that was written at the moment or later comes after it. Moments are not in the feed's order, so all of what
# is kept is looked through, once.
_BEFORE = """
    SELECT c.xid, c.seq, pg_snapshot_xmin(pg_current_snapshot())::text AS xmin,
           f.pruned_seq > 0 AND NOT EXISTS (SELECT FROM change WHERE at < $1) AS is_gone
      FROM feed f
      LEFT JOIN (SELECT xid::text AS xid, seq FROM change WHERE at >= $1 ORDER BY change.xid, seq LIMIT 1) c ON true
"""


class Expired(Exception):
    """What follows the position is not all there any more, or it is of another database."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: of an agency, of some types; all without."""

    agency: AgencyId | None = None
    types: Collection[ChangeType] = ()

    @property
    def is_everything(self) -> bool:
        return self.agency is None and not self.types

    def takes(self, type: ChangeType, agencies: Collection[AgencyId]) -> bool:
        return (self.agency is None or self.agency in agencies) and (not self.types or type in self.types)


@dataclass(frozen=True, slots=True)
class Event:
    position: Position
    type: ChangeType
    agencies: tuple[AgencyId, ...]
    #: The event as JSON, made once however many read it.
    body: bytes
    #: The dossier's number, and that of another which became part of it by this.
    dossier: int
    joined: int | None
    #: As `procedure_key` of the index; and the national status after the change.
    procedure: str | None
    status: DossierStatus | None


@dataclass(frozen=True, slots=True)
class Page:
    generation: int
    events: list[Event]
    #: Up to where the feed was read; what was not wanted is passed over.
    position: Position

    @property
    def is_last(self) -> bool:
        return self.position.is_at_the_end


async def here(database: Database) -> tuple[int, Position]:
    """The feed's generation and its end: before every change of a transaction that has not ended yet."""
    row = await database.reads.fetchrow(_HERE)
    return row["generation"], Position(int(row["xmin"]), 0)


async def before(database: Database, moment: datetime) -> Position:
    """A position after which all that was written at the moment or later comes. Raises Expired."""
    row = await database.reads.fetchrow(_BEFORE, moment)
    if row["is_gone"]:
        raise Expired
    return Position(int(row["xmin"]), 0) if row["xid"] is None else Position(int(row["xid"]), row["seq"] - 1)


async def read(
    database: Database, registry: Registry, generation: int | None, after: Position, wanted: Wanted, limit: int
) -> Page:
    """The next events, at most `limit`. `generation`: of the cursor; None where the position is our own.

    Raises Expired.
    """
    window = limit if wanted.is_everything else max(limit, LOOKED_THROUGH)
    rows = await database.reads.fetch(READ, str(after.xid), after.seq, window)
    feed = rows[0]
    if generation not in (None, feed["generation"]) or after.xid > int(feed["xmax"]):
        raise Expired
    if after < (int(feed["pruned_xid"]), feed["pruned_seq"]):
        raise Expired
    changes = rows if feed["seq"] is not None else []
    events: list[Event] = []
    for row in changes:
        if wanted.takes(_type(row), _agencies(row)):
            events.append(_event(row, registry))
            if len(events) == limit:
                break
    else:
        if len(changes) < window:
            # Every transaction below has ended, and all it wrote was read.
            return Page(feed["generation"], events, max(after, Position(int(feed["xmin"]), 0)))
    return Page(feed["generation"], events, _position(row))


def _position(row: asyncpg.Record) -> Position:
    return Position(int(row["xid"]), row["seq"])


def _event(row: asyncpg.Record, registry: Registry) -> Event:
    """A contracts.change.DossierChanged."""
    told = {
        "id": str(row["seq"]),
        "type": _type(row),
        "timestamp": row["at"],
        "subject": str(row["joined_id"] or row["id"]),
        "status_before": DossierStatus.numbered(row["status_before"]),
        "status_after": DossierStatus.numbered(row["status_after"]),
        "data": state_json(row, registry),
    }
    body = orjson.dumps(told, option=orjson.OPT_UTC_Z)
    code = row["procedure_code"]
    return Event(
        position=_position(row),
        type=_type(row),
        agencies=_agencies(row),
        body=body,
        dossier=row["id"],
        joined=row["joined_id"],
        procedure=procedure_key(code) if code else None,
        status=DossierStatus.numbered(row["status_after"]),
    )


def _type(row: asyncpg.Record) -> ChangeType:
    return ChangeType(f"dossier.{row['kind']}")


def _agencies(row: asyncpg.Record) -> tuple[AgencyId, ...]:
    """Whoever has, or had, the dossier."""
    return tuple(agencies_of(row))
