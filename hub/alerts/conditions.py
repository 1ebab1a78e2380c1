"""What is the matter now, by the rows alone: one query for each kind, none of which reads more than a few rows of an
agency."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.agency import AgencySpec
from contracts.errors import TimedOut, Unreachable
from hub.alerts.rules import Held, Kind
from hub.gate.hours import day_there
from hub.streams.freshness import freshness
from hub.streams.shape import Shape, ShapeChanged

#: One failure is the network's; so many in a row are the agency's.
_FAILURES = 3

#: Of what a full comparison saw, so much must be amiss: what changed just before it was read is found by it, too.
_DRIFT_SHARE, _DRIFT_AT_LEAST = 0.0001, 3

#: Days before the end at which it is an alert, and which must be left for it to be none any more.
_ENDS, _LASTS = timedelta(days=14), timedelta(days=21)
#: Certificates are renewed by others, and mostly by hand.
_CERTIFICATE_ENDS, _CERTIFICATE_LASTS = timedelta(days=21), timedelta(days=28)

#: More is not counted.
MOST_COUNTED = 1000

# The last failure that says what is the matter; looked for where there is one alone.
_STREAMS = text("""
    SELECT s.agency, s.kind, s.failures_in_a_row, s.last_failure, s.covered_until, s.shape, failed.outcome,
           compared.details AS compared, compared.started_at AS compared_at
      FROM stream s
      LEFT JOIN LATERAL
           (SELECT outcome FROM run
             WHERE (run.agency, run.kind) = (s.agency, s.kind) AND s.failures_in_a_row > 0
               AND run.outcome NOT IN ('ok', 'running', 'withheld', 'gave_way', 'fenced', 'lost')
             ORDER BY run.started_at DESC LIMIT 1) failed ON true
      LEFT JOIN LATERAL
           (SELECT details, started_at FROM run
             WHERE (run.agency, run.kind) = (s.agency, s.kind) AND s.kind = 'reconcile' AND run.outcome = 'ok'
             ORDER BY run.started_at DESC LIMIT 1) compared ON true
     WHERE s.agency = ANY(:agencies) AND NOT s.paused
""")
_GATES = text("""
    SELECT agency, day, calls_today, open_until FROM gate WHERE agency = ANY(:agencies)
""")
_QUARANTINE = text(f"""
    SELECT a.agency, q.reason, count(*) AS records, min(q.first_seen_at) AS since
      FROM unnest(CAST(:agencies AS text[])) AS a (agency)
     CROSS JOIN LATERAL
           (SELECT reason, first_seen_at FROM quarantine
             WHERE quarantine.agency = a.agency AND resolved_at IS NULL
             ORDER BY last_seen_at DESC LIMIT {MOST_COUNTED}) q
     GROUP BY a.agency, q.reason
""")
# What an agency pushed and the hub can do nothing with: other content under a known id, of the last day; and what was
# tried again and again.
_WEBHOOKS = text(f"""
    SELECT i.agency, 'conflict' AS what, count(*) AS events, min(c.received_at) AS since
      FROM (SELECT inbox_id, received_at FROM inbox_conflict
             WHERE body IS NOT NULL AND received_at > now() - interval '1 day' LIMIT {MOST_COUNTED}) c
      JOIN inbox i ON i.id = c.inbox_id
     WHERE i.agency = ANY(:agencies)
     GROUP BY i.agency
     UNION ALL
    SELECT a.agency, 'dead', count(*), min(d.received_at)
      FROM unnest(CAST(:agencies AS text[])) AS a (agency)
     CROSS JOIN LATERAL
           (SELECT received_at FROM inbox
             WHERE inbox.agency = a.agency AND state = 'dead' LIMIT {MOST_COUNTED}) d
     GROUP BY a.agency
""")
# A host that nobody has called for long is the agency's no more.
_CERTIFICATES = text("""
    SELECT agency, host, ends_at FROM certificate
     WHERE agency = ANY(:agencies) AND ends_at < now() + CAST(:lasts AS interval)
       AND seen_at > now() - interval '30 days'
""")
# Of one that has ended long ago nobody has need.
_ENDING = text("""
    SELECT 'secret' AS kind, name, expires_at AS ends_at FROM secret WHERE expires_at < now() + CAST(:lasts AS interval)
     UNION ALL
    SELECT 'api_key', name, expires_at FROM api_key
     WHERE revoked_at IS NULL AND expires_at BETWEEN now() - interval '7 days' AND now() + CAST(:lasts AS interval)
""")


async def held(connection: AsyncConnection, specs: Sequence[AgencySpec], now: datetime) -> list[Held]:
    """Of these agencies, and of the hub itself."""
    enabled = {spec.id: spec for spec in specs if spec.enabled}
    asked = {"agencies": list(enabled)}
    found: list[Held] = []
    for row in await connection.execute(_GATES, asked):
        found += _of_gate(enabled[row.agency], row, now)
    for row in await connection.execute(_STREAMS, asked):
        found += _of_stream(enabled[row.agency], row, now)
    for row in await connection.execute(_QUARANTINE, asked):
        # Not what was said: that may be anybody's name.
        detail = {"records": row.records, "since": row.since.isoformat()}
        found.append(Held(Kind.QUARANTINE, row.agency, row.reason, detail=detail))
    for row in await connection.execute(_WEBHOOKS, asked):
        detail = {"events": row.events, "since": row.since.isoformat()}
        found.append(Held(Kind.WEBHOOKS, row.agency, row.what, detail=detail))
    for row in await connection.execute(_CERTIFICATES, asked | {"lasts": _CERTIFICATE_LASTS}):
        found.append(_ends(Kind.CERTIFICATE, row.agency, row.host, row.ends_at, now, _CERTIFICATE_ENDS))
    for row in await connection.execute(_ENDING, {"lasts": _LASTS}):
        found.append(_ends(Kind(row.kind), "", row.name, row.ends_at, now, _ENDS))
    # That an agency is down its gate tells, and its streams, which know why.
    return list({each.key: each for each in sorted(found, key=lambda each: each.ripe)}.values())


def _of_stream(spec: AgencySpec, row: Row[Any], now: datetime) -> Iterator[Held]:
    if row.failures_in_a_row:
        ripe = row.failures_in_a_row >= _FAILURES
        detail = {"failures": row.failures_in_a_row, "outcome": row.outcome, "message": row.last_failure}
        if row.outcome == ShapeChanged.kind:
            yield Held(Kind.SHAPE, spec.id, row.kind, detail={"message": row.last_failure})
        elif row.outcome in (Unreachable.kind, TimedOut.kind) and row.kind == "pull":
            yield Held(Kind.DOWN, spec.id, ripe=ripe, detail=detail)
        else:
            yield Held(Kind.FAILING, spec.id, row.kind, ripe, detail)
    elif fields := Shape.from_json(row.shape).gone:
        yield Held(Kind.SHAPE, spec.id, row.kind, detail={"fields": fields})
    if row.kind == "pull" and row.covered_until:
        fresh = freshness(
            spec,
            observed_at=row.covered_until,
            covered_until=row.covered_until,
            failures_in_a_row=row.failures_in_a_row,
            now=now,
        )
        if fresh.stale:
            yield Held(Kind.LAG, spec.id, detail={"covered_until": row.covered_until.isoformat()})
    if row.compared:
        yield from _drift(spec, row.compared, row.compared_at)


def _drift(spec: AgencySpec, compared: Mapping[str, Any], at: datetime) -> Iterator[Held]:
    """What the hub had not, or had otherwise. What is gone there is the agency's doing."""
    counted = {name: compared.get(name, 0) for name in ("missing", "differs", "hidden")}
    seen, amiss = compared.get("seen", 0), sum(counted.values())
    if amiss >= max(_DRIFT_AT_LEAST, _DRIFT_SHARE * seen):
        yield Held(Kind.DRIFT, spec.id, detail=counted | {"seen": seen, "amiss": amiss, "at": at.isoformat()})


def _of_gate(spec: AgencySpec, row: Row[Any], now: datetime) -> Iterator[Held]:
    # Where nobody calls, nobody learns that it is well again.
    if row.open_until and row.open_until > now - timedelta(hours=1):
        yield Held(Kind.DOWN, spec.id, detail={"not_called_until": row.open_until.isoformat()})
    budget = getattr(spec.system, "budget", None)
    today = day_there(now, ZoneInfo(spec.time_zone))
    if budget and budget.per_day and row.day == today and row.calls_today >= budget.per_day:
        yield Held(Kind.BUDGET, spec.id, detail={"calls": row.calls_today, "per_day": budget.per_day})


def _ends(kind: Kind, agency: str, what: str, ends_at: datetime, now: datetime, soon: timedelta) -> Held:
    return Held(kind, agency, what, ends_at - now < soon, {"ends_at": ends_at.isoformat()})
