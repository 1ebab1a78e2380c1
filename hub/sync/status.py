"""How each stream stands: read far enough, running, failing, paused; and the runs behind it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

import asyncpg
import orjson

from hub.streams.lag import expected_lag
from hub.streams.shape import Shape

StreamState: TypeAlias = Literal["paused", "running", "failing", "waiting", "done", "new"]

_RUN = (
    *("id", "kind", "reason", "started_at", "finished_at", "outcome", "message", "since", "until"),
    *("calls", "pages", "received", "added", "changed", "quarantined", "done", "total", "correlation_id"),
)

_STREAMS = """
    SELECT s.agency, s.kind, s.covered_until, s.next_due_at, s.paused, s.last_failure, s.failures_in_a_row,
           s.past, s.wanted, s.shape, r.changes_per_second, latest.*
      FROM stream s
      LEFT JOIN (SELECT agency, sum(changed) / 86400.0::float8 AS changes_per_second
                   FROM run WHERE kind = 'pull' AND started_at > now() - interval '1 day' GROUP BY agency) r
        ON r.agency = s.agency
      LEFT JOIN LATERAL
           (SELECT id, reason, started_at, finished_at, outcome, message, since, until, calls, pages, received, added,
                   changed, quarantined, done, total, correlation_id, details
              FROM run WHERE (run.agency, run.kind) = (s.agency, s.kind) ORDER BY started_at DESC LIMIT 1) latest
        ON true
     WHERE $1::text IS NULL OR s.agency = $1
     ORDER BY s.agency, s.kind
"""

_RUNS = """
    SELECT id, kind, reason, started_at, finished_at, outcome, message, since, until, calls, pages, received, added,
           changed, quarantined, done, total, correlation_id, details
      FROM run
     WHERE agency = $1 AND ($2::text IS NULL OR kind = $2)
     ORDER BY started_at DESC
     LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """One stream, with its latest run as the table has it."""

    agency: str
    kind: str
    state: StreamState
    covered_until: datetime | None
    #: Seconds: nothing older than that can be missing, and how old the oldest missing change is likely to be.
    lag_at_most: float | None
    lag_expected: float | None
    next_due_at: datetime
    failures_in_a_row: int
    last_failure: str | None
    #: How far a backfill is: `rows` so far, `total` or None, whether it has `ended`; and as `after`, how far that is
    #: which goes on when this has ended. Empty for other kinds.
    past: dict[str, Any]
    #: What somebody has ordered and nobody has begun with: `by`, and `since` and `until` of a range.
    wanted: dict[str, Any] | None
    #: What somebody should look at, though nothing stops for it.
    warnings: list[str]
    run: dict[str, Any] | None


async def statuses(connection: "asyncpg.Connection[asyncpg.Record]", agency: str | None = None) -> list[StreamStatus]:
    """All streams, or those of one agency."""
    now = datetime.now(UTC)
    return [_status(row, now) for row in await connection.fetch(_STREAMS, agency)]


async def runs(
    connection: "asyncpg.Connection[asyncpg.Record]", agency: str, kind: str | None = None, *, limit: int = 20
) -> list[dict[str, Any]]:
    """The agency's latest runs, the newest first."""
    return [_run(row) for row in await connection.fetch(_RUNS, agency, kind, limit)]


def _status(row: asyncpg.Record, now: datetime) -> StreamStatus:
    unread = None
    if row["kind"] == "pull" and row["covered_until"]:
        unread = max(0.0, (now - row["covered_until"]).total_seconds())
    return StreamStatus(
        agency=row["agency"],
        kind=row["kind"],
        state=_state(row),
        covered_until=row["covered_until"],
        lag_at_most=unread,
        lag_expected=None if unread is None else expected_lag(unread, row["changes_per_second"] or 0),
        next_due_at=row["next_due_at"],
        failures_in_a_row=row["failures_in_a_row"],
        last_failure=row["last_failure"],
        past=_past(orjson.loads(row["past"])),
        wanted=orjson.loads(row["wanted"]) if row["wanted"] else None,
        warnings=Shape.from_json(orjson.loads(row["shape"])).warnings(now),
        run=_run(row) if row["id"] else None,
    )


def _past(told: dict[str, Any]) -> dict[str, Any]:
    if (after := told.get("after")) is None:
        return told
    not_begun = {"rows": 0, "total": None, "ended": False, "read_back_to": None}
    return told | {"after": not_begun | _past(after["past"])}


def _run(row: asyncpg.Record) -> dict[str, Any]:
    return {name: row[name] for name in _RUN} | {"details": orjson.loads(row["details"])}


def _state(row: asyncpg.Record) -> StreamState:
    if row["id"] and row["finished_at"] is None:
        return "running"
    if row["paused"]:
        return "paused"
    if row["failures_in_a_row"]:
        return "failing"
    if orjson.loads(row["past"]).get("ended"):
        return "done"
    return "waiting" if row["id"] else "new"
