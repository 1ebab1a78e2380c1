"""How each agency is doing, in a word: on pages, on a wall, and by the API."""

from datetime import UTC, datetime
from typing import Literal

import asyncpg

from contracts.agency import AgencySpec
from hub.db import Driver
from hub.portal.texts import Text
from hub.registry import Registry
from hub.streams.freshness import freshness

Health = Literal["failing", "late", "slow", "paused", "starting", "well", "off"]

HEALTH = {
    "failing": Text("Đang lỗi", "Failing"),
    "late": Text("Trễ", "Late"),
    "slow": Text("Chậm", "Slow"),
    "paused": Text("Tạm dừng", "Paused"),
    "starting": Text("Đang đọc lần đầu", "Read for the first time"),
    "well": Text("Tốt", "Well"),
    "off": Text("Chưa nối", "Not connected"),
}

#: Of an agency's last calls half took longer than this: it is slow.
_SLOW_SECONDS = 5.0

_PULLS = """
    SELECT agency, covered_until, last_succeeded_at, last_failed_at, last_failure, failures_in_a_row, next_due_at,
           paused
      FROM stream
     WHERE kind = 'pull'
"""
_SECONDS = """
    SELECT a.agency, (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds)
                        FROM (SELECT seconds FROM call WHERE call.agency = a.agency
                               ORDER BY started_at DESC LIMIT 20) c) AS seconds
      FROM unnest($1::text[]) AS a (agency)
"""


async def pulls(connection: Driver) -> dict[str, asyncpg.Record]:
    """By agency, its row of `stream`."""
    return {row["agency"]: row for row in await connection.fetch(_PULLS)}


async def healths(connection: Driver, registry: Registry) -> dict[str, Health]:
    """Of all agencies."""
    now = datetime.now(UTC)
    streams = await pulls(connection)
    enabled = [spec.id for spec in registry if spec.enabled]
    seconds = {row["agency"]: row["seconds"] for row in await connection.fetch(_SECONDS, enabled)}
    return {spec.id: _health(spec, streams.get(spec.id), seconds.get(spec.id), now) for spec in registry}


def _health(spec: AgencySpec, stream: asyncpg.Record | None, seconds: float | None, now: datetime) -> Health:
    if not spec.enabled:
        return "off"
    answers: Health = "slow" if seconds is not None and seconds > _SLOW_SECONDS else "well"
    if stream is None:
        return answers
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
    return "late" if fresh.stale else answers
