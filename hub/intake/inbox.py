"""Takes deliveries into the inbox and from there into the index; what does not apply now waits for the sweep."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import structlog
from sqlalchemy import RowMapping, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.adapter import AgencyAdapter
from contracts.observation import Channel
from contracts.problem import FieldProblem
from contracts.webhook import DOSSIER_UPDATED, Accepted, Outcome
from hub import quarantine
from hub.db import DATABASE_AWAY, ClockWrong, Database, check_clock
from hub.index.record import record
from hub.intake.tables import inbox, inbox_conflict
from hub.registry import Registry
from hub.vault import Vault

log = structlog.get_logger()

#: A delivery that still cannot be applied after this many tries is left for a person.
MAX_ATTEMPTS = 20
MAX_WAIT_SECONDS = 600


class BodyConflict(Exception):
    """This webhook-id was delivered before with another body."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery whose signature verified."""

    agency: str
    webhook_id: str
    body: bytes
    event: Any
    received_at: datetime
    correlation_id: str


class Inbox:
    """The intake's store. Whatever `accept` answers is committed; whatever it raises is not."""

    def __init__(self, database: Database, vault: Vault, registry: Registry) -> None:
        self._database = database
        self._vault = vault
        self._registry = registry

    async def accept(self, delivery: Delivery, adapter: AgencyAdapter) -> Accepted:
        """Claim the id and store the body in one INSERT, and apply it in the same transaction.

        Raises BodyConflict (the other body is kept), or what the database raises when nothing was stored.
        """
        try:
            return await self._claim_and_apply(delivery, adapter)
        except (BodyConflict, ClockWrong):
            raise
        except Exception:
            # Applying failed, or the database did. If it is there again for the bare INSERT, the delivery
            # is safe and the sweep will try again; if not, the sender hears of it and keeps the event.
            log.exception("webhook.not_applied", agency=delivery.agency, webhook_id=delivery.webhook_id)
            return await self._claim_and_apply(delivery, None)

    async def clock_is_right(self) -> bool:
        """False also where the database, which would know, does not say."""
        try:
            await self._database.check_clock()
        except (ClockWrong, TimeoutError, *DATABASE_AWAY):
            return False
        return True

    async def _claim_and_apply(self, delivery: Delivery, adapter: AgencyAdapter | None) -> Accepted:
        digest = self._vault.digest(delivery.body)
        async with self._database.begin() as connection:
            claimed = await connection.execute(
                insert(inbox)
                .values(
                    agency=delivery.agency,
                    webhook_id=delivery.webhook_id,
                    body_digest=digest,
                    body=self._vault.seal(delivery.body),
                    received_at=delivery.received_at,
                    correlation_id=delivery.correlation_id,
                )
                .on_conflict_do_nothing()
                .returning(inbox.c.id, func.clock_timestamp().label("now"))
            )
            if (row := claimed.one_or_none()) is not None:
                inbox_id = row.id
                check_clock(row.now)
                if adapter is None:
                    return Accepted(id=delivery.webhook_id, outcome=Outcome.WAITING)
                return await self._apply(connection, inbox_id, delivery, adapter)
            first = await self._first(connection, delivery)
            if first["body_digest"] == digest:
                outcome = Outcome.WAITING if first["state"] in ("new", "dead") else Outcome(first["state"])
                return Accepted(id=delivery.webhook_id, outcome=outcome, duplicate=True)
            await connection.execute(
                insert(inbox_conflict)
                .values(
                    inbox_id=first["id"],
                    body_digest=digest,
                    body=self._vault.seal(delivery.body),
                    received_at=delivery.received_at,
                )
                .on_conflict_do_nothing()
            )
        log.error("webhook.body_conflict", agency=delivery.agency, webhook_id=delivery.webhook_id)
        raise BodyConflict

    async def _first(self, connection: AsyncConnection, delivery: Delivery) -> RowMapping:
        found = await connection.execute(
            select(inbox.c.id, inbox.c.body_digest, inbox.c.state).where(
                inbox.c.agency == delivery.agency, inbox.c.webhook_id == delivery.webhook_id
            )
        )
        return found.mappings().one()

    async def _apply(
        self, connection: AsyncConnection, inbox_id: int, delivery: Delivery, adapter: AgencyAdapter
    ) -> Accepted:
        problems: list[FieldProblem] = []
        if delivery.event["type"] != DOSSIER_UPDATED:
            outcome = Outcome.IGNORED
        else:
            reading = adapter.read(delivery.event["data"], Channel.WEBHOOK, delivery.received_at)
            recorded = await record(
                connection, reading.observations, self._vault, correlation_id=delivery.correlation_id
            )
            await quarantine.keep(connection, reading.unusable, self._vault, correlation_id=delivery.correlation_id)
            problems = [
                FieldProblem(field=f"/data/{item.field}" if item.field else "/data", problem=item.message)
                for item in reading.unusable
            ]
            if problems:
                outcome = Outcome.QUARANTINED
            else:
                outcome = Outcome.APPLIED if recorded.changed else Outcome.SUPERSEDED
        await connection.execute(
            update(inbox)
            .where(inbox.c.id == inbox_id)
            .values(state=outcome.value, applied_at=func.now(), attempts=inbox.c.attempts + 1, last_error=None)
        )
        log.info("webhook.accepted", agency=delivery.agency, webhook_id=delivery.webhook_id, outcome=outcome.value)
        return Accepted(id=delivery.webhook_id, outcome=outcome, problems=problems)

    async def apply_waiting(self, limit: int = 100) -> int:
        """Apply up to `limit` stored deliveries that were not applied when they came. Returns how many were."""
        applied = 0
        for _ in range(limit):
            row = await self._apply_one_waiting()
            if row is None:
                break
            applied += row
        return applied

    async def _apply_one_waiting(self) -> int | None:
        """1 applied, 0 tried and failed, None nothing left to try."""
        async with self._database.begin() as connection:
            found = await connection.execute(
                select(inbox)
                .where(inbox.c.state.in_(("new", "waiting")), inbox.c.next_try_at <= func.now())
                .order_by(inbox.c.next_try_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            row = found.mappings().one_or_none()
            if row is None:
                return None
            try:
                async with connection.begin_nested():
                    await self._apply(connection, row["id"], self._stored(row), self._adapter(row["agency"]))
                return 1
            except Exception as error:
                log.exception("webhook.still_not_applied", agency=row["agency"], webhook_id=row["webhook_id"])
                attempts = row["attempts"] + 1
                await connection.execute(
                    update(inbox)
                    .where(inbox.c.id == row["id"])
                    .values(
                        state="dead" if attempts >= MAX_ATTEMPTS else "waiting",
                        attempts=attempts,
                        next_try_at=func.now() + timedelta(seconds=min(2**attempts, MAX_WAIT_SECONDS)),
                        last_error=type(error).__name__,
                    )
                )
                return 0

    def _stored(self, row: RowMapping) -> Delivery:
        body = self._vault.open(row["body"])
        return Delivery(
            agency=row["agency"],
            webhook_id=row["webhook_id"],
            body=body,
            event=orjson.loads(body),
            received_at=row["received_at"].astimezone(UTC),
            correlation_id=row["correlation_id"],
        )

    def _adapter(self, agency: str) -> AgencyAdapter:
        adapter = self._registry.adapter(agency)
        if adapter is None:
            raise LookupError(f"agency {agency} is not enabled now")
        return adapter
