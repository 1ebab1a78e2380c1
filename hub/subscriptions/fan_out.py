"""Hands the change feed on to subscriptions: rows of the outbox, in the transaction that moves the place in the feed.

There is one position for all who are up to date, so that an event is looked at once however many there are. Who is told
of the past goes a way of its own until it arrives at that position. Any number of processes may do this at once: what
one has read counts only if the position is still where it began.
"""

from collections.abc import Collection
from time import monotonic
from typing import Any

import structlog
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.change import ChangeType
from contracts.subscription import Why
from hub.access.scopes import Scope
from hub.db import Database
from hub.feed import reading
from hub.feed.cursor import Position
from hub.feed.reading import Event, Expired, Page, Wanted
from hub.index.walks import procedure_key
from hub.outbox.store import Disabled, Message, New, disable, put
from hub.registry import Registry
from hub.subscriptions.catalogue import Catalogue, Filter, Subscriber
from hub.vault import Vault

log = structlog.get_logger()

_EVERYTHING = Wanted()
_PAGE = 500

#: A key that was ended may be told so much longer, as it may ask so much longer.
_TRUSTED_SECONDS = 10

#: Who has so many deliveries before him is told no more of the past until there are fewer.
_MOST_WAITING = 1000
_REST_SECONDS = 1

_PLACE = text("SELECT generation, xid::text AS xid, seq, version FROM fan_out")
_HOLD = text(f"{_PLACE.text} FOR UPDATE")
_HOLD_IF_FREE = text(f"{_PLACE.text} FOR UPDATE SKIP LOCKED")
_MOVE = text("UPDATE fan_out SET xid = CAST(CAST(:xid AS text) AS xid8), seq = :seq")
_CHANGED = text("UPDATE fan_out SET version = version + 1 RETURNING version")

_SUBSCRIBERS = text("""
    SELECT s.id, s.destination_id, s.types, s.agencies, s.procedures, s.statuses, s.ordered, s.round, s.joined,
           s.xid::text AS xid, s.seq, d.enabled, k.agencies AS open_to,
           coalesce(:scope = ANY(k.scopes), false) AS may
      FROM subscription s
      JOIN destination d ON d.id = s.destination_id
      LEFT JOIN api_key k ON k.name = s.owner AND k.revoked_at IS NULL AND coalesce(k.expires_at > now(), true)
     WHERE d.enabled OR s.joined
""")

_LEAVE = text("""
    UPDATE subscription SET joined = false, xid = greatest(xid, CAST(CAST(:xid AS text) AS xid8)),
           seq = CASE WHEN xid < CAST(CAST(:xid AS text) AS xid8) THEN :seq
                      WHEN xid = CAST(CAST(:xid AS text) AS xid8) THEN greatest(seq, :seq) ELSE seq END
     WHERE id = ANY(:ids) AND joined
""")

_CATCHING_UP = text("""
    SELECT s.id, s.xid::text AS xid, s.seq,
           (SELECT count(*) FROM (SELECT FROM delivery d
                                   WHERE d.destination_id = s.destination_id AND d.state = 'open' LIMIT :most) w)
               AS waiting
      FROM subscription s
      JOIN destination t ON t.id = s.destination_id
     WHERE NOT s.joined AND t.enabled
     ORDER BY s.id
""")

_STILL_THERE = text("""
    SELECT id FROM subscription
     WHERE id = :id AND NOT joined AND xid = CAST(CAST(:xid AS text) AS xid8) AND seq = :seq
       FOR UPDATE
""")

_CATCH_UP = text("""
    UPDATE subscription SET xid = CAST(CAST(:xid AS text) AS xid8), seq = :seq, joined = :joined WHERE id = :id
""")

# The one that is no more goes in the line of the one it became part of.
_JOIN_LINES = text("""
    UPDATE delivery SET line = :line WHERE state = 'open' AND line = :joined AND destination_id = ANY(:ids)
""")

# After the database came back from a copy, its transactions have other numbers, and what was before is all of the
# transaction 1 (hub.feed.keeping). Numbers of changes are drawn a little out of order.
_FROM_ELSEWHERE = text("""
    SELECT o.generation <> f.generation OR o.xid > pg_snapshot_xmax(pg_current_snapshot()) FROM fan_out o, feed f
""")
_ANEW = text("""
    UPDATE fan_out
       SET generation = f.generation, version = version + 1, xid = '1',
           seq = coalesce((SELECT max(split_part(key, '-', 3)::bigint) FROM message WHERE key LIKE 'chg-%'), 0) - 10000
      FROM feed f
""")
_NAMED = text("SELECT key FROM message WHERE key = ANY(:keys)")
_ALL_ANEW = text("UPDATE subscription SET xid = '0', seq = 0")
_AFTER_PRUNED = text("""
    UPDATE fan_out o SET xid = f.pruned_xid, seq = f.pruned_seq
      FROM feed f
     WHERE (o.xid, o.seq) < (f.pruned_xid, f.pruned_seq)
""")


async def changed(connection: AsyncConnection) -> None:
    """Subscriptions are other ones than before, by this transaction; nothing is handed on until it ends."""
    await connection.execute(_CHANGED)


async def hold(connection: AsyncConnection) -> Position:
    """Nothing is handed on until the transaction ends. Returns up to where everything has been."""
    return _position((await connection.execute(_HOLD)).one())


def event_id(generation: int, number: int) -> str:
    """The `webhook-id` of the change `number`: of an event for ever the same."""
    return f"chg-{generation}-{number}"


class FanOut:
    def __init__(
        self, database: Database, registry: Registry, vault: Vault, *, on_disabled: Disabled | None = None
    ) -> None:
        self._database, self._registry, self._vault = database, registry, vault
        self._on_disabled = on_disabled
        self._catalogue = Catalogue([], -1)
        #: Those with a way of their own; their positions are read at each step.
        self._apart: dict[int, Subscriber] = {}
        self._read_at = 0.0
        self._resting: dict[int, float] = {}

    async def step(self) -> bool:
        """Hand on what there is, at most a page for all and a page for each who catches up. Returns whether there was
        anything, so that there may be more."""
        place = await self._place()
        if place.version != self._catalogue.version or monotonic() - self._read_at > _TRUSTED_SECONDS:
            if not await self._read_catalogue():
                return False
            place = await self._place()
        moved = await self._for_all(place)
        if self._apart:
            moved = await self._catch_up(place.generation) or moved
        return moved

    async def _place(self) -> Row[Any]:
        async with self._database.engine.connect() as connection:
            return (await connection.execute(_PLACE)).one()

    # --- for all who are up to date ---------------------------------------------------------------------------

    async def _for_all(self, place: Row[Any]) -> bool:
        if self._catalogue.start is None:
            return False
        start = max(_position(place), self._catalogue.start)
        try:
            page = await reading.read(self._database, self._registry, place.generation, start, _EVERYTHING, _PAGE)
        except Expired:
            await self._find_the_feed()
            return True
        if not page.events:
            return False
        takers = [(event, self._catalogue.takers(event)) for event in page.events]
        async with self._database.begin() as connection:
            held = (await connection.execute(_HOLD_IF_FREE)).one_or_none()
            if held is None or held != place:
                # Another process did it, or somebody's subscription is another one.
                return held is not None
            await self._put(connection, page, takers)
            await connection.execute(_MOVE, {"xid": str(page.position.xid), "seq": page.position.seq})
        return True

    async def _put(
        self, connection: AsyncConnection, page: Page, takers: Collection[tuple[Event, list[Subscriber]]]
    ) -> None:
        messages, deliveries = [], []
        named = await _named_before(connection, page)
        for event, subscribers in takers:
            if not subscribers:
                continue
            key = named.get(event.position.seq) or event_id(page.generation, event.position.seq)
            messages.append(Message(key, event.type, event.body))
            deliveries += [
                New(each.destination, key, each.round, event.dossier if each.ordered else None) for each in subscribers
            ]
            if event.type is ChangeType.JOINED and event.joined:
                ordered = [each.destination for each in subscribers if each.ordered]
                await connection.execute(
                    _JOIN_LINES, {"line": event.dossier, "joined": event.joined, "ids": sorted(ordered)}
                )
        await put(connection, messages, deliveries, self._vault)

    async def _find_the_feed(self) -> None:
        """Where the feed has no more what follows the position: it was restored from a copy, or we were away for as
        long as changes are kept."""
        async with self._database.begin() as connection:
            await connection.execute(_HOLD)
            if not await _begun_anew(connection) and (await connection.execute(_AFTER_PRUNED)).rowcount:
                log.error("fan_out.lost", reason="nothing was handed on for as long as changes are kept")

    # --- for each who is told of the past -----------------------------------------------------------------------

    async def _catch_up(self, generation: int) -> bool:
        moved = False
        async with self._database.engine.connect() as connection:
            rows = list(await connection.execute(_CATCHING_UP, {"most": _MOST_WAITING}))
        for row in rows:
            subscriber = self._apart.get(row.id)
            if subscriber is None or self._resting.get(row.id, 0) > monotonic():
                continue
            if row.waiting >= _MOST_WAITING:
                self._resting[row.id] = monotonic() + _REST_SECONDS
                continue
            self._resting.pop(row.id, None)
            moved = await self._catch_up_one(subscriber, generation, _position(row)) or moved
        return moved

    async def _catch_up_one(self, subscriber: Subscriber, generation: int, start: Position) -> bool:
        try:
            page = await reading.read(self._database, self._registry, generation, start, _EVERYTHING, _PAGE)
        except Expired:
            async with self._database.begin() as connection:
                await connection.execute(_HOLD)
                await self._disable(connection, [subscriber.destination], Why.EXPIRED)
            return True
        async with self._database.begin() as connection:
            held = (await connection.execute(_HOLD)).one()
            at = {"id": subscriber.id, "xid": str(start.xid), "seq": start.seq}
            there = (await connection.execute(_STILL_THERE, at)).one_or_none()
            if held.version != self._catalogue.version or there is None:
                return True
            front = _position(held)
            told = [event for event in page.events if start < event.position <= front]
            wanted = [(event, [subscriber]) for event in told if subscriber.takes(event)]
            await self._put(connection, page, wanted)
            end = min(page.position, front) if page.events or not page.is_last else front
            joined = end >= front
            end = max(start, end)
            await connection.execute(
                _CATCH_UP, {"id": subscriber.id, "xid": str(end.xid), "seq": end.seq, "joined": joined}
            )
            if joined:
                await changed(connection)
        return True

    # --- who there is -------------------------------------------------------------------------------------------

    async def _read_catalogue(self) -> bool:
        """False where others hold it just now."""
        async with self._database.begin() as connection:
            held = (await connection.execute(_HOLD_IF_FREE)).one_or_none()
            if held is None:
                return False
            if await _begun_anew(connection):
                held = (await connection.execute(_HOLD)).one()
            rows = list(await connection.execute(_SUBSCRIBERS, {"scope": Scope.WEBHOOKS_MANAGE.value}))
            version = held.version
            barred = [row for row in rows if row.enabled and not row.may]
            leaving = [row for row in rows if row.joined and not (row.enabled and row.may)]
            if barred:
                await self._disable(connection, [row.destination_id for row in barred], Why.KEY_ENDED)
            if leaving:
                ids = [row.id for row in leaving]
                await connection.execute(_LEAVE, {"ids": ids, "xid": held.xid, "seq": held.seq})
            if barred or leaving:
                version = (await connection.execute(_CHANGED)).scalar_one()
        told = [(row, _subscriber(row)) for row in rows if row.enabled and row.may]
        self._catalogue = Catalogue((each for row, each in told if row.joined), version)
        self._apart = {each.id: each for row, each in told if not row.joined}
        self._read_at = monotonic()
        return True

    async def _disable(self, connection: AsyncConnection, destinations: Collection[int], why: Why) -> None:
        if (ids := await disable(connection, destinations, why.value)) and self._on_disabled:
            await self._on_disabled(connection, ids)


async def _begun_anew(connection: AsyncConnection) -> bool:
    """Whether the database was restored from a copy, upon which everything begins anew. To be asked before anybody is
    told anything: who catches up from a place in the other server's numbers would be taken for too late."""
    if not (await connection.execute(_FROM_ELSEWHERE)).scalar_one():
        return False
    await connection.execute(_ANEW)
    await connection.execute(_ALL_ANEW)
    log.warning("fan_out.began_anew", reason="the database was restored; some events may come twice")
    return True


async def _named_before(connection: AsyncConnection, page: Page) -> dict[int, str]:
    """The ids, by their numbers, under which events from before a restore were handed on: under another they would come
    twice."""
    numbers = [event.position.seq for event in page.events if event.position.xid == 1]
    keys = [event_id(generation, number) for generation in range(1, page.generation) for number in numbers]
    found = await connection.execute(_NAMED, {"keys": keys}) if keys else ()
    return {int(row.key.rpartition("-")[2]): row.key for row in found}


def _position(row: Row[Any]) -> Position:
    return Position(int(row.xid), row.seq)


def _subscriber(row: Row[Any]) -> Subscriber:
    agencies = frozenset(row.agencies) or None
    if row.open_to is not None:
        # A key that is for fewer agencies than before is told of those alone.
        agencies = frozenset(row.open_to) if agencies is None else agencies & frozenset(row.open_to)
    return Subscriber(
        id=row.id,
        destination=row.destination_id,
        round=row.round,
        ordered=row.ordered,
        # One that catches up reads from where it is.
        start=_position(row) if row.joined else Position(0, 0),
        filter=Filter(
            types=frozenset(row.types) or None,
            agencies=agencies,
            procedures=frozenset(procedure_key(each) for each in row.procedures) or None,
            statuses=frozenset(row.statuses) or None,
        ),
    )
