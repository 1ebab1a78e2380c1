"""A subscription's deliveries as its owner sees them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.subscription import (
    DeliveryAttempt,
    EventDeliveries,
    EventDelivery,
    EventDeliveryDetail,
    EventDeliveryState,
)
from hub.db import Database
from hub.outbox import history
from hub.outbox.rules import Result
from hub.subscriptions.subscriptions import NoSuchSubscription
from hub.vault import Vault

_STATES = {
    "open": EventDeliveryState.WAITING,
    "done": EventDeliveryState.DELIVERED,
    "failed": EventDeliveryState.FAILED,
    "dropped": EventDeliveryState.DROPPED,
}
_STORED = {told: stored for stored, told in _STATES.items()}

_DESTINATION = text("""
    SELECT destination_id FROM subscription WHERE id = :id AND (CAST(:owner AS text) IS NULL OR owner = :owner)
""")

_FIRST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Attempted:
    """A try, and what was tried."""

    delivery: EventDelivery
    attempt: DeliveryAttempt


@dataclass(frozen=True, slots=True)
class Lately:
    """What was tried last, the latest first; and what waits."""

    attempts: list[Attempted]
    #: At most MOST_COUNTED are counted.
    waiting: int
    #: When something is tried next; None where nothing is.
    next_try_at: datetime | None


class DeliveryLog:
    """Everything raises NoSuchSubscription, where there is none of the owner's, or no such delivery. None as the owner
    is an admin."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault

    async def page(
        self, id: int, owner: str, *, state: EventDeliveryState | None, before: int | None, limit: int
    ) -> EventDeliveries:
        """The latest first; of those, the ones before the delivery `before`."""
        stored = _STORED[state] if state else None
        async with self._database.begin() as connection:
            destination = await self._destination(connection, id, owner)
            rows = await history.latest(connection, destination, state=stored, before=before or _FIRST, limit=limit + 1)
        shown = rows[:limit]
        return EventDeliveries(
            items=[EventDelivery(**_told(row)) for row in shown],
            next_cursor=str(shown[-1].id) if len(rows) > limit else None,
        )

    async def one(self, id: int, owner: str, delivery: int) -> EventDeliveryDetail:
        async with self._database.begin() as connection:
            return await self._one(connection, await self._destination(connection, id, owner), delivery)

    async def lately(self, id: int, owner: str | None, *, most: int) -> Lately:
        async with self._database.begin() as connection:
            destination = await self._destination(connection, id, owner)
            tries = await history.tries(connection, destination, most=most)
            waiting = await history.waiting(connection, destination)
        attempts = [Attempted(EventDelivery(**_told(row)), self._tried(row)) for row in tries]
        return Lately(attempts, waiting.number, waiting.next_try_at)

    async def again(self, id: int, owner: str, delivery: int) -> EventDeliveryDetail:
        """Have it tried now."""
        async with self._database.begin() as connection:
            destination = await self._destination(connection, id, owner)
            await history.again(connection, destination, delivery)
            return await self._one(connection, destination, delivery)

    async def _destination(self, connection: AsyncConnection, id: int, owner: str | None) -> int:
        found = (await connection.execute(_DESTINATION, {"id": id, "owner": owner})).scalar_one_or_none()
        if found is None:
            raise NoSuchSubscription(f"there is no subscription {id}")
        return int(found)

    async def _one(self, connection: AsyncConnection, destination: int, delivery: int) -> EventDeliveryDetail:
        found = await history.one(connection, destination, delivery)
        if found is None:
            raise NoSuchSubscription(f"it has no delivery {delivery}")
        row, tries = found
        return EventDeliveryDetail(**_told(row), tries=[self._tried(each) for each in tries])

    def _tried(self, row: Row[Any]) -> DeliveryAttempt:
        answer = self._vault.open(row.answer).decode() if row.answer else None
        return DeliveryAttempt(
            at=row.at,
            seconds=row.seconds,
            outcome=row.outcome,
            status=row.status,
            message=row.message,
            answer=answer,
        )


def attempt(result: Result) -> DeliveryAttempt:
    return DeliveryAttempt(
        at=result.at,
        seconds=result.seconds,
        outcome=result.outcome.value,
        status=result.status,
        message=result.message,
        answer=result.answer.decode() if result.answer else None,
    )


def _told(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "event": row.key,
        "type": row.kind,
        "state": _STATES[row.state],
        "attempts": row.attempts,
        "created_at": row.created_at,
        "next_try_at": row.next_try_at,
        "finished_at": row.finished_at,
    }
