"""Takes deliveries into the inbox and the index; what does not apply now waits for the sweep.

Those that come at the same time are stored and applied in one transaction. A few of these are under way at once, and
while they are, the next ones gather: under load the wait for the disk is shared, and nobody waits for a timer.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, timedelta
from typing import Any

import asyncpg
import orjson
import structlog
from sqlalchemy import RowMapping, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.adapter import AgencyAdapter
from contracts.problem import FieldProblem
from contracts.webhook import MOST_EVENTS, Accepted, Outcome
from hub.db import DATABASE_AWAY, ClockWrong, Database, Driver, check_clock, driver_of, is_away
from hub.index.tables import change
from hub.intake.applying import Delivery, Item, Name, apply_all
from hub.intake.tables import inbox
from hub.quarantine.tables import quarantine
from hub.registry import Registry
from hub.vault import Vault

log = structlog.get_logger()

#: A delivery that still cannot be applied after this many tries is left for a person.
MAX_ATTEMPTS = 20
MAX_WAIT_SECONDS = 600

#: So many transactions are under way at once: while one waits for the database or the disk, another is prepared. With
#: more of them each is smaller, and costs as much.
_AT_ONCE = 3

# One look-up by index for each name, as in sql.KNOWN and for its reasons. The first name that is not before it: no
# index but that of the names has them in this order, so that the planner takes no other.
_FIRST = """
    SELECT i.id, i.agency, i.webhook_id, i.body_digest, i.state, i.problems::text AS problems
      FROM unnest($1::text[], $2::text[]) AS n (agency, webhook_id)
     CROSS JOIN LATERAL (
               SELECT id, agency, webhook_id, body_digest, state, problems
                 FROM inbox x
                WHERE (x.agency, x.webhook_id) >= (n.agency, n.webhook_id)
                ORDER BY x.agency, x.webhook_id
                LIMIT 1) i
     WHERE (i.agency, i.webhook_id) = (n.agency, n.webhook_id)
"""

# In the order of their names, so that two processes which are sent the same do not deadlock.
_STORE = """
    INSERT INTO inbox (agency, webhook_id, body_digest, body, headers, address, batch, place, state, problems,
                       received_at, correlation_id, attempts, applied_at, xid)
    SELECT n.agency, n.webhook_id, n.body_digest, n.body, n.headers, n.address, n.batch, n.place, n.state,
           n.problems::jsonb, n.received_at, n.webhook_id, CASE WHEN n.state = 'new' THEN 0 ELSE 1 END,
           CASE WHEN n.state <> 'new' THEN now() END, CASE WHEN n.state <> 'new' THEN pg_current_xact_id() END
      FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[], $6::text[], $7::text[],
                  $8::smallint[], $9::text[], $10::text[], $11::timestamptz[])
           AS n (agency, webhook_id, body_digest, body, headers, address, batch, place, state, problems, received_at)
     ORDER BY n.agency, n.webhook_id
        ON CONFLICT (agency, webhook_id) DO NOTHING
    RETURNING agency, webhook_id, clock_timestamp() AS now
"""

_KEEP_CONFLICT = """
    INSERT INTO inbox_conflict (inbox_id, body_digest, body, received_at)
    SELECT id, $3, $4, $5 FROM inbox WHERE (agency, webhook_id) = ($1, $2)
        ON CONFLICT DO NOTHING
"""

_NOW = func.pg_current_xact_id()
_CHANGED_NOW = select(change.c.seq).where(change.c.xid == _NOW).exists()


class BodyConflict(Exception):
    """This webhook-id stands for another body."""


class _Raced(Exception):
    """Another process has taken one of them in the meantime."""


class Inbox:
    """The intake's store. Whatever `accept` answers is committed; whatever it raises is not."""

    def __init__(self, database: Database, vault: Vault, registry: Registry) -> None:
        self._database = database
        self._vault = vault
        self._registry = registry
        self._gathered: list[tuple[Delivery, asyncio.Future[list[Accepted]]]] = []
        self._at_work: set[asyncio.Task[None]] = set()

    async def accept(self, delivery: Delivery) -> list[Accepted]:
        """Store the delivery and apply what is in it; what became of each of its events, in their order.

        Raises BodyConflict (the other body is kept), or what the database raises when nothing was stored.
        """
        answer: asyncio.Future[list[Accepted]] = asyncio.get_running_loop().create_future()
        self._gathered.append((delivery, answer))
        if len(self._at_work) < _AT_ONCE:
            task = asyncio.create_task(self._work())
            self._at_work.add(task)
            task.add_done_callback(self._at_work.discard)
        return await answer

    async def clock_is_right(self) -> bool:
        """False also where the database, which would know, does not say."""
        try:
            await self._database.check_clock()
        except (ClockWrong, TimeoutError, *DATABASE_AWAY):
            return False
        return True

    async def _work(self) -> None:
        """Until nothing has gathered while the last ones were stored."""
        while self._gathered:
            taken = self._take()
            outcomes = await self._answers([delivery for delivery, _ in taken])
            for (_, answer), outcome in zip(taken, outcomes, strict=True):
                if answer.done():  # Whoever asked has gone.
                    continue
                if isinstance(outcome, BaseException):
                    answer.set_exception(outcome)
                else:
                    answer.set_result(outcome)

    def _take(self) -> list[tuple[Delivery, asyncio.Future[list[Accepted]]]]:
        """As many as go into one transaction; one at least."""
        events = count = 0
        for delivery, _ in self._gathered:
            events += len(delivery.pushed.events)
            if count and events > MOST_EVENTS:
                break
            count += 1
        taken, self._gathered = self._gathered[:count], self._gathered[count:]
        return taken

    async def _answers(self, deliveries: Sequence[Delivery]) -> list[list[Accepted] | BaseException]:
        """What to tell each of them: together where that can be, else one by one, so that none harms the others."""
        try:
            return [*await self._store(deliveries, apply=True)]
        except ClockWrong as error:
            return [error for _ in deliveries]
        except Exception as error:
            if len(deliveries) > 1 and not is_away(error):
                return [outcome for each in deliveries for outcome in await self._answers([each])]
            names = [(each.agency, each.webhook_id) for each in deliveries]
            log.exception("webhook.not_applied", deliveries=names)
            try:
                # Applying failed, or the database did. If it is there again for the bare INSERT, the delivery is safe
                # and the sweep will try again; if not, the sender hears of it and keeps the event.
                return [*await self._store(deliveries, apply=False)]
            except Exception:
                return [error for _ in deliveries]

    async def _store(self, deliveries: Sequence[Delivery], *, apply: bool) -> list[list[Accepted] | BaseException]:
        while True:
            batches = [self._items(each) for each in deliveries]
            items = [item for batch in batches for item in batch]
            try:
                async with self._database.begin() as connection:
                    await self._take_in(connection, items, apply)
            except _Raced:
                continue
            for item in items:
                if item.conflicts:
                    log.error("webhook.body_conflict", agency=item.agency, webhook_id=item.webhook_id)
            return [self._told(each, batch) for each, batch in zip(deliveries, batches, strict=True)]

    def _items(self, delivery: Delivery) -> list[Item]:
        """The event, or the list and then each of its events."""
        agency, pushed = delivery.agency, delivery.pushed
        if not pushed.is_batch:
            (event,) = pushed.events
            digest = self._vault.digest(event.content)
            return [Item(agency, delivery.webhook_id or event.id or _named(digest), digest, delivery, event)]
        digest = self._vault.digest(b"\n".join(event.content for event in pushed.events))
        # A sender whose lists are of one event has but one id to give, and that is the event's.
        own = None if any(event.id == delivery.webhook_id for event in pushed.events) else delivery.webhook_id
        whole = Item(agency, own or _named(digest), digest, delivery, None, state="batch")
        items = [whole]
        for place, event in enumerate(pushed.events):
            if event.problem is None:
                said = self._vault.digest(event.content)
                named = event.id or _named(said)
                items.append(Item(agency, named, said, delivery, event, of_list=whole, place=place))
        return items

    async def _take_in(self, connection: AsyncConnection, items: Sequence[Item], apply: bool) -> None:
        """Store what is new, and what became of it, in the caller's transaction. Raises _Raced, and then nothing must
        be committed, and ClockWrong."""
        driver = driver_of(connection)
        new = await self._sort(driver, items)
        if apply:
            await apply_all(connection, [item for item in new if item.event], self._vault)
        if new:
            stored = await driver.fetch(_STORE, *zip(*map(self._row, new), strict=True))
            if len(stored) < len(new):
                raise _Raced
            check_clock(stored[0]["now"])
        if others := [item for item in items if item.conflicts]:
            await driver.executemany(_KEEP_CONFLICT, [self._conflict_row(item) for item in others])

    async def _sort(self, driver: Driver, items: Sequence[Item]) -> list[Item]:
        """The new ones. Of others it is noted what they are: duplicates, or in conflict with the first of their name.
        A list whose id stands for something else is not looked into."""
        names = sorted({item.name for item in items})
        rows = await driver.fetch(_FIRST, [agency for agency, _ in names], [named for _, named in names])
        known = {(row["agency"], row["webhook_id"]): row for row in rows}
        firsts: dict[Name, Item] = {}
        new: list[Item] = []
        for item in items:
            row = known.get(item.name)
            if item.of_list and item.of_list.conflicts:
                item.conflicts = True
                continue
            first = firsts.setdefault(item.name, item)
            item.conflicts = item.digest != (row["body_digest"] if row else first.digest)
            if item.conflicts:
                continue
            if row:
                item.before = _as_before(item.webhook_id, row)
            elif first is not item:
                item.first = first
            else:
                new.append(item)
        return new

    def _row(self, item: Item) -> tuple[Any, ...]:
        own = item.of_list is None
        return (
            item.agency,
            item.webhook_id,
            item.digest,
            self._vault.seal(item.delivery.body) if own else None,
            self._vault.seal(orjson.dumps(dict(item.delivery.headers))) if own else None,
            item.delivery.address,
            item.of_list and item.of_list.webhook_id,
            item.place,
            str(item.state),
            orjson.dumps([each.model_dump() for each in item.problems]).decode() if item.problems else None,
            item.delivery.received_at,
        )

    def _conflict_row(self, item: Item) -> tuple[Any, ...]:
        said = item.event.content if item.event and item.of_list else item.delivery.body
        return *item.name, item.digest, self._vault.seal(said), item.delivery.received_at

    def _told(self, delivery: Delivery, items: Sequence[Item]) -> list[Accepted] | BaseException:
        """What became of each of the delivery's events, in their order."""
        if items[0].conflicts:
            return BodyConflict()
        by_place = {item.place: item for item in items if item.event}
        told = []
        for place, event in enumerate(delivery.pushed.events):
            if event.problem:
                told.append(Accepted(id="", outcome=Outcome.REFUSED, problems=[event.problem]))
            else:
                item = by_place[place if delivery.pushed.is_batch else None]
                told.append(item.before or _accepted(item))
        return told

    async def apply_waiting(self, limit: int = 100) -> int:
        """Apply up to `limit` stored events that were not applied when they came. Returns how many were."""
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
                    await self.apply_again(connection, row)
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

    async def apply_again(self, connection: AsyncConnection, row: RowMapping) -> Accepted:
        """Read the stored bytes of a row of the inbox, which is ours, with the agency's present spec, and note what
        became of them.

        Raises LookupError for an agency that is not enabled now, or whose bytes are kept no more, and NotEvents.
        """
        item = await self._stored(connection, row)
        await apply_all(connection, [item], self._vault)
        # What changed something once has done so, though not again.
        again = (row["state"], item.state) == (Outcome.APPLIED, Outcome.SUPERSEDED)
        problems = [each.model_dump() for each in item.problems] or None
        await connection.execute(
            update(inbox)
            .where(inbox.c.id == row["id"])
            .values(
                state=row["state"] if again else str(item.state),
                problems=problems,
                applied_at=func.now(),
                attempts=inbox.c.attempts + 1,
                last_error=None,
                # What it changed before is still told where it changes nothing now.
                xid=case((_CHANGED_NOW, _NOW), else_=func.coalesce(inbox.c.xid, _NOW)),
            )
        )
        if not item.problems:
            mine = (quarantine.c.agency == row["agency"]) & (quarantine.c.correlation_id == row["webhook_id"])
            await connection.execute(
                update(quarantine).where(mine, quarantine.c.resolved_at.is_(None)).values(resolved_at=func.now())
            )
        return _accepted(item)

    async def _stored(self, connection: AsyncConnection, row: RowMapping) -> Item:
        whole = row
        if row["batch"] is not None:
            of_list = select(inbox).where(inbox.c.agency == row["agency"], inbox.c.webhook_id == row["batch"])
            whole = (await connection.execute(of_list)).mappings().one()
        if whole["body"] is None:
            raise LookupError("the bytes of this delivery are kept no more")
        adapter = self._adapter(row["agency"])
        body = self._vault.open(whole["body"])
        headers = orjson.loads(self._vault.open(whole["headers"])) if whole["headers"] else {}
        pushed = adapter.pushed(body, headers)
        event = pushed.events[row["place"] or 0]
        received_at = row["received_at"].astimezone(UTC)
        delivery = Delivery(adapter, row["webhook_id"], body, headers, row["address"], pushed, received_at)
        return Item(row["agency"], row["webhook_id"], row["body_digest"], delivery, event)

    def _adapter(self, agency: str) -> AgencyAdapter:
        adapter = self._registry.adapter(agency)
        if adapter is None:
            raise LookupError(f"agency {agency} is not enabled now")
        return adapter


def _named(digest: bytes) -> str:
    """What names an event that nobody has named: what it says."""
    return f"sha256-{digest.hex()[:40]}"


def _accepted(item: Item) -> Accepted:
    if item.conflicts:
        wrong = FieldProblem(
            field=f"/{item.place}/id",
            problem="stands for another event; both are kept",
            expected="a new id for a new event",
        )
        return Accepted(id=item.webhook_id, outcome=Outcome.CONFLICT, problems=[wrong])
    source = item.first or item
    outcome = Outcome.WAITING if source.state == "new" else Outcome(source.state)
    return Accepted(id=item.webhook_id, outcome=outcome, duplicate=item.first is not None, problems=source.problems)


def _as_before(webhook_id: str, row: asyncpg.Record) -> Accepted:
    outcome = Outcome.WAITING if row["state"] in ("new", "dead", "batch") else Outcome(row["state"])
    # Rows of old have the `null` of JSON.
    problems = [FieldProblem(**each) for each in orjson.loads(row["problems"] or "[]") or ()]
    return Accepted(id=webhook_id, outcome=outcome, duplicate=True, problems=problems)
