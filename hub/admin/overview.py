"""How all agencies fare, at a glance and on a wall: what needs a person first, and what was done by whom.

One query per kind, none of which reads more than some rows of an agency.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson
from fastapi.responses import Response

from contracts.agency import AgencySpec
from hub.access.audit import Wanted, concerning, latest
from hub.access.scopes import Scope
from hub.admin.charts import HOURS, Chart, columns, strip
from hub.admin.desk import Desk, Visitor
from hub.admin.health import HEALTH, Health, healths, pulls
from hub.admin.quality import Comparison, comparisons
from hub.alerts.reading import known
from hub.alerts.rules import Alert
from hub.alerts.texts import STEPS, path, title
from hub.db import Database
from hub.gate import GateStatus, statuses
from hub.portal.texts import Text
from hub.registry import Registry
from hub.streams import hours
from hub.subscriptions.subscriptions import SubscriptionStore

HOUR_STATES = {
    "well": Text("tốt", "well"),
    "mixed": Text("lúc được lúc không", "partly failed"),
    "failed": Text("lỗi", "failed"),
    "withheld": Text("không gọi", "not called"),
    "unknown": Text("không biết", "not known"),
}

#: A wall is read anew so often.
_WALL_SECONDS = 30
_MOST_COUNTED = 1000
_CHANGES = 8
#: What is in the audit and changed nothing.
_NO_CHANGES = ("session.", "account.enrolled")

_BACKFILLS = """
    SELECT agency, past FROM stream WHERE kind = 'backfill'
"""
_QUARANTINED = f"""
    SELECT a.agency,
           (SELECT count(*) FROM (SELECT FROM quarantine q
                                   WHERE q.agency = a.agency AND q.resolved_at IS NULL LIMIT {_MOST_COUNTED}) f)
               AS quarantined
      FROM unnest($1::text[]) AS a (agency)
"""


@dataclass(frozen=True, slots=True)
class AgencyRow:
    spec: AgencySpec
    health: Health
    #: The agency's row of `stream`; None where it is not pulled.
    stream: asyncpg.Record | None
    #: Age of the moment up to which the agency's changes are known; None before its first sync.
    lag: timedelta | None
    #: At most a thousand are counted.
    quarantined: int
    #: None where it has never been called.
    gate: GateStatus | None
    per_day: int | None
    #: How much of its past has been read, while it is being read: `rows`, and `total` where that is known.
    backfill: Mapping[str, Any] | None
    compared: Comparison | None
    strip: Chart


@dataclass(frozen=True, slots=True)
class Overview:
    at: datetime
    agencies: list[AgencyRow]
    off: list[AgencySpec]
    #: What is open, is not explained by another, and not silenced.
    needs: list[Alert]
    changed: Chart
    failures: Chart
    lag: Chart

    def count(self, *healths: Health) -> int:
        return sum(row.health in healths for row in self.agencies)


_ORDER: dict[Health, int] = {"failing": 0, "late": 1, "slow": 2, "paused": 3, "starting": 4, "well": 5, "off": 6}


def add(desk: Desk, database: Database, registry: Registry, subscriptions: SubscriptionStore) -> None:
    """Add both pages to the admin's routes."""

    def page(visitor: Visitor, template: str, view: Overview, **more: Any) -> Response:
        return desk.page(
            visitor.request,
            template,
            caller=visitor.caller,
            view=view,
            health=HEALTH,
            hour_states=HOUR_STATES,
            steps=STEPS,
            title=lambda alert: title(alert, registry.spec(alert.agency)),
            path=path,
            **more,
        )

    @desk.get("", Scope.ADMIN_LOOK)
    async def show(visitor: Visitor) -> Response:
        view = await overview(database, registry, only=visitor.caller.agencies)
        if visitor.caller.may(Scope.ADMIN_AUDIT):
            found = await latest(database, Wanted(), most=5 * _CHANGES)
            changes = [each for each in found if not each.action.startswith(_NO_CHANGES)][:_CHANGES]
        else:
            changes = await concerning(database, visitor.caller.agencies, most=_CHANGES)
        ill = await subscriptions.ill(visitor.caller.agencies)
        return page(visitor, "overview.html", view, changes=changes, ill=ill)

    @desk.get("/wall", Scope.ADMIN_LOOK)
    async def wall(visitor: Visitor) -> Response:
        shown = page(visitor, "wall.html", await overview(database, registry, only=visitor.caller.agencies))
        shown.headers["Refresh"] = str(_WALL_SECONDS)
        return shown


async def overview(database: Database, registry: Registry, *, only: Collection[str] | None = None) -> Overview:
    """Of all agencies, or `only` these."""
    now = datetime.now(UTC)
    rows, theirs = await _rows(database, registry, only, now)
    alerts = await known(database, only)
    return Overview(
        at=now,
        agencies=rows,
        off=[spec for spec in registry if not spec.enabled and (only is None or spec.id in only)],
        needs=[alert for alert in alerts.open if not alert.cause_id and not alerts.is_silenced(alert)],
        changed=columns(theirs, now, lambda those: sum(hour.changed for hour in those)),
        failures=columns(theirs, now, lambda those: sum(hour.failed for hour in those)),
        lag=columns(theirs, now, lambda those: max((hour.lag_seconds / 60 for hour in those), default=0)),
    )


async def agency_rows(
    database: Database, registry: Registry, *, only: Collection[str] | None = None
) -> dict[str, AgencyRow]:
    """Of the overview the agencies alone, by their ids."""
    rows, _ = await _rows(database, registry, only, datetime.now(UTC))
    return {row.spec.id: row for row in rows}


async def _rows(
    database: Database, registry: Registry, only: Collection[str] | None, now: datetime
) -> tuple[list[AgencyRow], list[Mapping[datetime, hours.Hour]]]:
    """Those that are enabled, the worst first; and their hours."""
    enabled = [spec for spec in registry if spec.enabled and (only is None or spec.id in only)]
    ids = [spec.id for spec in enabled]
    async with database.reads.acquire() as connection:
        streams, words = await pulls(connection), await healths(connection, registry)
        backfills = {row["agency"]: orjson.loads(row["past"]) for row in await connection.fetch(_BACKFILLS)}
        quarantined = dict(map(tuple, await connection.fetch(_QUARANTINED, ids)))
        compared = await comparisons(connection, ids, 1)
        by_hour = await hours.latest(connection, HOURS)
    gates = await statuses(database)
    rows = [
        AgencyRow(
            spec=spec,
            health=words[spec.id],
            stream=streams.get(spec.id),
            lag=_lag(streams.get(spec.id), now),
            quarantined=quarantined[spec.id],
            gate=gates.get(spec.id),
            per_day=spec.system.budget.per_day if spec.system else None,
            backfill=_under_way(backfills.get(spec.id)),
            compared=compared[spec.id][0] if spec.id in compared else None,
            strip=strip(by_hour.get(spec.id, {}), now),
        )
        for spec in enabled
    ]
    rows.sort(key=lambda row: (_ORDER[row.health], -row.quarantined, row.spec.id))
    return rows, [by_hour[id] for id in ids if id in by_hour]


def _under_way(past: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return past if past and "rows" in past and not past.get("ended") else None


def _lag(stream: asyncpg.Record | None, now: datetime) -> timedelta | None:
    if stream is None or stream["covered_until"] is None:
        return None
    covered_until: datetime = stream["covered_until"]
    return max(timedelta(0), now - covered_until)
