"""Which alerts there are, for people to see: open ones, causes first, and what was resolved last."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from hub.alerts.rules import Alert, Kind, Silence
from hub.alerts.tables import alert as alerts
from hub.alerts.watch import FIELDS, alert_of, current_silences
from hub.db import Database

_RESOLVED = 100


@dataclass(frozen=True, slots=True)
class Known:
    open: list[Alert]
    resolved: list[Alert]
    silences: list[Silence]

    def is_silenced(self, alert: Alert) -> bool:
        return any(each.covers(alert) for each in self.silences)


async def known(database: Database, only: Collection[str] | None = None) -> Known:
    """Of all agencies and of the hub, or of `only` these agencies."""
    mine = [] if only is None else [alerts.c.agency.in_(list(only))]
    opened = select(*FIELDS).where(alerts.c.opened_at.is_not(None), alerts.c.resolved_at.is_(None), *mine)
    ended = select(*FIELDS).where(alerts.c.resolved_at.is_not(None), *mine)
    async with database.begin() as connection:
        silences = await current_silences(connection)
        now_open = await connection.execute(opened.order_by(alerts.c.opened_at.desc()))
        over = await connection.execute(ended.order_by(alerts.c.resolved_at.desc()).limit(_RESOLVED))
        found = [alert_of(row) for row in now_open]
        resolved = [alert_of(row) for row in over]
    if only is not None:
        silences = [each for each in silences if each.agency is None or each.agency in only]
    # What explains others stands first; the latest before the others.
    ranks = {kind: rank for rank, kind in enumerate(Kind)}
    found.sort(key=lambda each: (each.cause_id is not None, ranks[each.kind]))
    return Known(found, resolved, silences)
