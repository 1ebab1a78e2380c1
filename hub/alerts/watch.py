"""The alerts, kept by looking at the rows every few seconds: opened, resolved, and put into the outbox to be told.

All of a look is one transaction. Whoever dies within it has done nothing, and the next look does it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Row, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.alerts import recipients
from hub.alerts.conditions import held
from hub.alerts.rules import Alert, Held, Kind, Notice, Silence, follow, notice
from hub.alerts.tables import alert as alerts
from hub.alerts.tables import alert_silence
from hub.db import Database
from hub.registry import Registry
from hub.vault import Vault

log = structlog.get_logger()

#: Two clocks never lead, but for the moment in which one does not know yet that it does not.
_LOCK = text("SELECT pg_try_advisory_xact_lock(482, 25378)")

_KEPT_DAYS = 90

_UNRESOLVED = alerts.c.resolved_at.is_(None)
_OPEN = insert(alerts).on_conflict_do_nothing(
    index_elements=["kind", "agency", "what"], index_where=text("resolved_at IS NULL")
)
FIELDS = [alerts.c[name] for name in Alert.__dataclass_fields__]
_AT_HAND = select(*FIELDS).where(or_(_UNRESOLVED, alerts.c.told_at.is_not(None) & alerts.c.told_resolved_at.is_(None)))
_SILENCES = select(alert_silence).where(alert_silence.c.until > func.now())
_NOW = select(func.now())
_LAST_TOLD = select(func.greatest(func.max(alerts.c.told_at), func.max(alerts.c.told_resolved_at)))


class AlertWatch:
    def __init__(self, database: Database, registry: Registry, vault: Vault) -> None:
        self._database, self._registry, self._vault = database, registry, vault

    async def look(self) -> None:
        """Look once. Any number of times leaves the same."""
        async with self._database.begin() as connection:
            if not await connection.scalar(_LOCK):
                return
            now = (await connection.execute(_NOW)).scalar_one()
            found = await held(connection, list(self._registry), now)
            at_hand = await self._follow(connection, found, now)
            silences = await current_silences(connection)
            last_told_at = await connection.scalar(_LAST_TOLD)
            if told := notice(at_hand, silences, last_told_at, now):
                await self._tell(connection, told)

    async def _follow(self, connection: AsyncConnection, found: Sequence[Held], now: datetime) -> list[Alert]:
        """Bring the table to what was found. Returns all that is not over and told."""
        if found:
            begun = [{"kind": each.kind, "agency": each.agency, "what": each.what, "since": now} for each in found]
            await connection.execute(_OPEN, begun)
        at_hand = {row.id: alert_of(row) for row in await connection.execute(_AT_HAND)}
        changed, nothing = follow(at_hand.values(), found, now)
        if nothing:
            await connection.execute(delete(alerts).where(alerts.c.id.in_(nothing)))
        for each in changed:
            before, at_hand[each.id] = at_hand[each.id], each
            names = ("since", "opened_at", "clear_since", "resolved_at", "cause_id", "detail")
            values = {name: getattr(each, name) for name in names}
            await connection.execute(update(alerts).where(alerts.c.id == each.id).values(values))
            if before.opened_at is None and each.opened_at:
                log.warning("alert.opened", kind=each.kind.value, agency=each.agency, what=each.what)
            elif each.resolved_at:
                log.info("alert.resolved", kind=each.kind.value, agency=each.agency, what=each.what)
        return [each for each in at_hand.values() if each.id not in nothing]

    async def _tell(self, connection: AsyncConnection, told: Notice) -> None:
        """Put it into the outbox. As long as there is nobody to be told, it stays untold."""
        if not await recipients.tell(connection, told, self._registry, self._vault):
            return
        for name, those in (("told_at", told.opened), ("told_resolved_at", told.resolved)):
            if those:
                ids = [each.id for each in those]
                await connection.execute(update(alerts).where(alerts.c.id.in_(ids)).values({name: func.now()}))


async def current_silences(connection: AsyncConnection) -> list[Silence]:
    rows = await connection.execute(_SILENCES)
    return [Silence(**dict(row) | {"kind": Kind(row["kind"]) if row["kind"] else None}) for row in rows.mappings()]


async def prune(database: Database) -> None:
    """Forget alerts that were over long ago."""
    async with database.begin() as connection:
        old = alerts.c.resolved_at < func.now() - func.make_interval(0, 0, 0, _KEPT_DAYS)
        await connection.execute(delete(alerts).where(old))


def alert_of(row: Row[Any]) -> Alert:
    return Alert(**dict(row._mapping) | {"kind": Kind(row.kind)})
