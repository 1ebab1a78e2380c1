"""How good each connection is: what it has proved, what comparisons found, what was pushed, which calls failed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import orjson
from fastapi.responses import Response

from contracts.agency import AgencySpec
from hub.access.scopes import Scope
from hub.admin.calls import OPERATIONS
from hub.admin.desk import Desk, Visitor
from hub.db import Database
from hub.portal.texts import Text
from hub.registry import Registry
from hub.studio.evidence import Evidence, gather
from hub.studio.grade import Grade, Level, grade

_COUNTS = """
    SELECT agency, sum(count)::bigint AS dossiers
      FROM (SELECT agency, count FROM tally UNION ALL SELECT agency, count FROM tally_delta) counted
     GROUP BY agency
"""
_DELIVERIES = """
    SELECT agency, state, count(*) AS deliveries
      FROM inbox
     WHERE received_at > now() - interval '1 day'
     GROUP BY agency, state
"""
_REFUSED = """
    SELECT agency, sum(count)::bigint AS refused FROM refusal WHERE day >= date_trunc('day', now()) GROUP BY agency
"""
_CONFLICTS = """
    SELECT i.agency, count(*) AS conflicts
      FROM inbox_conflict c JOIN inbox i ON i.id = c.inbox_id
     WHERE c.received_at > now() - interval '1 day'
     GROUP BY i.agency
"""
_COMPARISONS = """
    SELECT a.agency, r.started_at, r.details
      FROM unnest($1::text[]) AS a (agency)
     CROSS JOIN LATERAL (SELECT started_at, details FROM run
                          WHERE (run.agency, run.kind) = (a.agency, 'reconcile') AND outcome = 'ok'
                          ORDER BY started_at DESC LIMIT $2) r
     ORDER BY a.agency, r.started_at DESC
"""
_CALLS = """
    SELECT agency, operation, outcome, status, message, started_at, seconds, attempts, response_bytes, correlation_id
      FROM call
     WHERE outcome <> 'ok'
     ORDER BY started_at DESC
     LIMIT 30
"""
_LEVELS = {
    Level.NONE: Text("Chưa xếp hạng", "No level yet"),
    Level.BRONZE: Text("Hạng đồng", "Bronze"),
    Level.SILVER: Text("Hạng bạc", "Silver"),
    Level.GOLD: Text("Hạng vàng", "Gold"),
    Level.PLATINUM: Text("Hạng bạch kim", "Platinum"),
}
_STATES = {
    "new": Text("đang chờ", "waiting"),
    "waiting": Text("đang chờ", "waiting"),
    "applied": Text("đã áp dụng", "applied"),
    "superseded": Text("đã cũ", "old by then"),
    "ignored": Text("bỏ qua", "ignored"),
    "quarantined": Text("cách ly", "quarantined"),
    "dead": Text("bỏ dở", "given up"),
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a full comparison of an agency with the index found."""

    at: datetime
    dossiers: int
    missing: int
    differs: int
    gone: int
    #: All that was amiss, of the dossiers.
    percent: float


@dataclass(frozen=True, slots=True)
class QualityRow:
    spec: AgencySpec
    dossiers: int
    #: Deliveries of the last day by state, refused ones of today, and ids reused with another body.
    deliveries: dict[str, int]
    refused: int
    conflicts: int
    #: What its spec has proved.
    grade: Grade
    #: The latest comparisons, the latest first.
    comparisons: list[Comparison]


def add(desk: Desk, database: Database, registry: Registry) -> None:
    """Add the page to the admin's routes."""

    @desk.get("/quality", Scope.ADMIN_LOOK)
    async def show(visitor: Visitor) -> Response:
        only = visitor.caller.agencies
        mine = [spec for spec in registry if spec.enabled and (only is None or spec.id in only)]
        rows, calls = await _quality(database, mine, only)
        return desk.page(
            visitor.request,
            "quality.html",
            caller=visitor.caller,
            rows=rows,
            failed_calls=calls,
            operations=OPERATIONS,
            states=_STATES,
            levels=_LEVELS,
        )


async def comparisons(
    connection: "asyncpg.Connection[asyncpg.Record]", agencies: Collection[str], most: int
) -> dict[str, list[Comparison]]:
    """The latest of each of these agencies."""
    found: dict[str, list[Comparison]] = {}
    for row in await connection.fetch(_COMPARISONS, list(agencies), most):
        found.setdefault(row["agency"], []).append(_comparison(row))
    return found


async def _quality(
    database: Database, mine: list[AgencySpec], only: Collection[str] | None
) -> tuple[list[QualityRow], list[asyncpg.Record]]:
    async with database.reads.acquire() as connection:
        dossiers = {row["agency"]: row["dossiers"] for row in await connection.fetch(_COUNTS)}
        states = await connection.fetch(_DELIVERIES)
        refused = {row["agency"]: row["refused"] for row in await connection.fetch(_REFUSED)}
        conflicts = {row["agency"]: row["conflicts"] for row in await connection.fetch(_CONFLICTS)}
        calls = await connection.fetch(_CALLS)
        compared = await comparisons(connection, [spec.id for spec in mine], 8)
        proved = await gather(connection)
    rows = [
        QualityRow(
            spec=spec,
            dossiers=dossiers.get(spec.id, 0),
            deliveries={row["state"]: row["deliveries"] for row in states if row["agency"] == spec.id},
            refused=refused.get(spec.id, 0),
            conflicts=conflicts.get(spec.id, 0),
            grade=grade(spec, proved.get(spec.id, Evidence())),
            comparisons=compared.get(spec.id, []),
        )
        for spec in mine
    ]
    return rows, [row for row in calls if only is None or row["agency"] in only]


def _comparison(row: asyncpg.Record) -> Comparison:
    found = orjson.loads(row["details"])
    dossiers = found.get("seen", 0)
    amiss = sum(found.get(name, 0) for name in ("missing", "differs", "back", "gone", "hidden"))
    percent = 100 * amiss / dossiers if dossiers else 0.0
    return Comparison(row["started_at"], dossiers, found["missing"], found["differs"], found.get("gone", 0), percent)
