"""What the admin page shows, gathered in a few queries; what needs a person comes first."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import asyncpg
import orjson

from contracts.agency import AgencySpec
from hub.db import Database, Driver
from hub.gate import GateStatus, statuses
from hub.registry import Registry
from hub.streams.freshness import freshness
from hub.studio.evidence import Evidence, gather
from hub.studio.grade import Grade, grade

Health = Literal["failing", "late", "paused", "starting", "well", "off"]

_AGENCIES = """
    SELECT s.agency, s.covered_until, s.last_succeeded_at, s.last_failed_at, s.last_failure, s.failures_in_a_row,
           s.next_due_at, s.paused
      FROM stream s
     WHERE s.kind = 'pull'
"""
_COUNTS = """
    SELECT agency, sum(count)::bigint AS dossiers
      FROM (SELECT agency, count FROM tally UNION ALL SELECT agency, count FROM tally_delta) counted
     GROUP BY agency
"""
_QUARANTINED = """
    SELECT agency, reason, field, value, count(*) AS records, min(first_seen_at) AS since, max(last_seen_at) AS last,
           min(message) AS message
      FROM quarantine
     WHERE resolved_at IS NULL
     GROUP BY agency, reason, field, value
     ORDER BY count(*) DESC, max(last_seen_at) DESC
     LIMIT 100
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
_BACKFILLS = """
    SELECT agency, (past->>'rows')::bigint AS rows, (past->>'total')::bigint AS total
      FROM stream
     WHERE kind = 'backfill' AND past ? 'rows' AND NOT (past->>'ended')::boolean
"""
_COMPARISONS = """
    SELECT agency, started_at, details
      FROM (SELECT agency, started_at, details, row_number() OVER (PARTITION BY agency ORDER BY started_at DESC) AS back
              FROM run WHERE kind = 'reconcile' AND outcome = 'ok') r
     WHERE back <= 8
     ORDER BY agency, started_at DESC
"""
_CALLS = """
    SELECT agency, operation, outcome, status, message, started_at, seconds, attempts, response_bytes, correlation_id
      FROM call
     WHERE outcome <> 'ok'
     ORDER BY started_at DESC
     LIMIT 30
"""


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
class AgencyRow:
    spec: AgencySpec
    health: Health
    dossiers: int
    #: The agency's row of `stream`; None where it is not pulled.
    stream: asyncpg.Record | None
    #: Age of the moment up to which the agency's changes are known; None before its first sync.
    lag: timedelta | None
    quarantined: int
    #: Deliveries of the last day by state, refused ones of today, and ids reused with another body.
    deliveries: dict[str, int]
    refused: int
    conflicts: int
    #: What its spec has proved.
    grade: Grade
    #: None where it has never been called.
    gate: GateStatus | None
    #: How much of its past has been read, while it is being read: rows, and of how many where that is known.
    backfill: asyncpg.Record | None
    #: The latest comparisons, the latest first.
    comparisons: list[Comparison]


@dataclass(frozen=True, slots=True)
class Overview:
    at: datetime
    agencies: list[AgencyRow]
    quarantine: list[asyncpg.Record]
    failed_calls: list[asyncpg.Record]


_ORDER: dict[Health, int] = {"failing": 0, "late": 1, "paused": 2, "starting": 3, "well": 4, "off": 5}


async def healths(connection: Driver, registry: Registry) -> dict[str, Health]:
    """How each agency is doing, in a word."""
    now = datetime.now(UTC)
    streams = {row["agency"]: row for row in await connection.fetch(_AGENCIES)}
    return {spec.id: _health(spec, streams.get(spec.id), now) for spec in registry}


async def overview(database: Database, registry: Registry, *, only: Collection[str] | None = None) -> Overview:
    """Of all agencies, or `only` these."""
    now = datetime.now(UTC)
    async with database.reads.acquire() as connection:
        streams = {row["agency"]: row for row in await connection.fetch(_AGENCIES)}
        dossiers = {row["agency"]: row["dossiers"] for row in await connection.fetch(_COUNTS)}
        quarantine = await connection.fetch(_QUARANTINED)
        states = await connection.fetch(_DELIVERIES)
        refused = {row["agency"]: row["refused"] for row in await connection.fetch(_REFUSED)}
        conflicts = {row["agency"]: row["conflicts"] for row in await connection.fetch(_CONFLICTS)}
        calls = await connection.fetch(_CALLS)
        backfills = {row["agency"]: row for row in await connection.fetch(_BACKFILLS)}
        compared = await connection.fetch(_COMPARISONS)
        proved = await gather(connection)
    gates = await statuses(database)
    rows = [
        AgencyRow(
            spec=spec,
            health=_health(spec, streams.get(spec.id), now),
            dossiers=dossiers.get(spec.id, 0),
            stream=streams.get(spec.id),
            lag=_lag(streams.get(spec.id), now),
            quarantined=sum(row["records"] for row in quarantine if row["agency"] == spec.id),
            deliveries={row["state"]: row["deliveries"] for row in states if row["agency"] == spec.id},
            refused=refused.get(spec.id, 0),
            conflicts=conflicts.get(spec.id, 0),
            grade=grade(spec, proved.get(spec.id, Evidence())),
            gate=gates.get(spec.id),
            backfill=backfills.get(spec.id),
            comparisons=[_comparison(row) for row in compared if row["agency"] == spec.id],
        )
        for spec in registry
        if only is None or spec.id in only
    ]
    if only is not None:
        quarantine = [row for row in quarantine if row["agency"] in only]
        calls = [row for row in calls if row["agency"] in only]
    rows.sort(key=lambda row: (_ORDER[row.health], -row.quarantined, row.spec.id))
    return Overview(now, rows, quarantine, calls)


def _comparison(row: asyncpg.Record) -> Comparison:
    found = orjson.loads(row["details"])
    dossiers = found.get("seen", 0)
    amiss = sum(found.get(name, 0) for name in ("missing", "differs", "back", "gone", "hidden"))
    percent = 100 * amiss / dossiers if dossiers else 0.0
    return Comparison(row["started_at"], dossiers, found["missing"], found["differs"], found.get("gone", 0), percent)


def _health(spec: AgencySpec, stream: asyncpg.Record | None, now: datetime) -> Health:
    if not spec.enabled:
        return "off"
    if stream is None:
        return "well"
    if stream["paused"]:
        return "paused"
    if stream["failures_in_a_row"]:
        return "failing"
    if stream["covered_until"] is None:
        return "starting"
    fresh = freshness(
        spec,
        observed_at=stream["covered_until"],
        covered_until=stream["covered_until"],
        failures_in_a_row=0,
        now=now,
    )
    return "late" if fresh.stale else "well"


def _lag(stream: asyncpg.Record | None, now: datetime) -> timedelta | None:
    if stream is None or stream["covered_until"] is None:
        return None
    covered_until: datetime = stream["covered_until"]
    return max(timedelta(0), now - covered_until)
