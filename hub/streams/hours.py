"""Agencies' health by the hour: what came of their runs, kept when the runs themselves are forgotten.

An hour of which there is no row is one of which nothing is known: the hub stood still, or the agency was not read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Withheld

_NOTE = text("""
    INSERT INTO health_hour AS h (agency, hour, well, failed, withheld, received, changed, lag_seconds)
    SELECT s.agency, date_trunc('hour', now(), 'UTC'), :well, :failed, :withheld, :received, :changed,
           CASE WHEN s.kind = 'pull' THEN coalesce(greatest(0, extract(epoch FROM now() - s.covered_until)), 0)
                ELSE 0 END
      FROM stream s
     WHERE s.agency = :agency AND s.kind = :kind
        ON CONFLICT (agency, hour) DO UPDATE
       SET well = h.well + excluded.well, failed = h.failed + excluded.failed,
           withheld = h.withheld + excluded.withheld, received = h.received + excluded.received,
           changed = h.changed + excluded.changed, lag_seconds = greatest(h.lag_seconds, excluded.lag_seconds)
""")
_PRUNE = text("DELETE FROM health_hour WHERE hour < now() - interval '8 days'")
_LATEST = """
    SELECT agency, hour, well, failed, withheld, received, changed, lag_seconds
      FROM health_hour
     WHERE hour > now() - make_interval(hours => $1)
"""


@dataclass(frozen=True, slots=True)
class Hour:
    hour: datetime
    well: int
    failed: int
    withheld: int
    received: int
    changed: int
    #: How old what a pull went on from was, at the most.
    lag_seconds: float


async def note(connection: AsyncConnection, agency: str, kind: str, outcome: str, received: int, changed: int) -> None:
    """Add a run that has ended to its agency's hour, before its stream learns of it."""
    is_well, is_withheld = outcome in ("ok", "gave_way"), outcome == Withheld.kind
    counted = {"well": int(is_well), "withheld": int(is_withheld), "failed": int(not is_well and not is_withheld)}
    whose = {"agency": agency, "kind": kind}
    await connection.execute(_NOTE, whose | counted | {"received": received, "changed": changed})


async def latest(connection: "asyncpg.Connection[asyncpg.Record]", count: int) -> Mapping[str, Mapping[datetime, Hour]]:
    """Of the last so many hours, by agency; those of which nothing is known are missing."""
    found: dict[str, dict[datetime, Hour]] = {}
    for row in await connection.fetch(_LATEST, count):
        told = dict(row)
        agency = told.pop("agency")
        found.setdefault(agency, {})[row["hour"]] = Hour(**told)
    return found


async def prune(connection: AsyncConnection) -> None:
    """Forget what was kept long enough."""
    await connection.execute(_PRUNE)
