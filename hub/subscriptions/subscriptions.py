"""What owners and admins do with subscriptions. Each owner has their own; None as the owner is an admin."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import orjson
from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.calling.egress import kind_of
from contracts.subscription import TEST, Subscription, SubscriptionChange, SubscriptionRequest, Why
from hub.access.audit import note
from hub.access.scopes import Caller
from hub.db import Database
from hub.feed import reading
from hub.feed.cursor import Cursors, Position
from hub.mail.addresses import destination_of
from hub.masks import mask_email
from hub.outbox.rules import Outcome, Result
from hub.outbox.store import disable, drop, enable, reckon, tried
from hub.problems import wrong
from hub.registry import Registry
from hub.subscriptions.channel import WebhookChannel
from hub.subscriptions.endpoint import Endpoint, new_secret
from hub.subscriptions.fan_out import changed, hold
from hub.vault import Vault

#: More than that is a mistake in somebody's program.
MOST_PER_OWNER = 100

#: Tests wait for somebody else's endpoint; so many at once do for a process.
_TESTS_AT_ONCE = 8

_COLUMNS = """
    s.id, s.destination_id, s.owner, s.name, s.types, s.agencies, s.procedures, s.statuses, s.ordered, s.joined,
    s.created_at, d.target, d.enabled, d.disabled_at, d.disabled_why, d.failing_since, d.last_success_at,
    c.target AS contact
"""
_FROM = """
      FROM subscription s
      JOIN destination d ON d.id = s.destination_id
      LEFT JOIN destination c ON c.id = s.contact_id
"""
_ALL = text(f"SELECT {_COLUMNS} {_FROM} WHERE CAST(:owner AS text) IS NULL OR s.owner = :owner ORDER BY s.id")
_ONE = text(f"SELECT {_COLUMNS} {_FROM} WHERE s.id = :id AND (CAST(:owner AS text) IS NULL OR s.owner = :owner)")
# Those that somebody should look at. The third try is some minutes after the first: before, it may be over by itself.
# That their owner or an admin disabled some is no fault.
_ILL = text("""
    SELECT count(*)
      FROM subscription s
      JOIN destination d ON d.id = s.destination_id
     WHERE CASE WHEN d.enabled THEN d.failing_since < now() - interval '10 minutes'
                ELSE d.disabled_why NOT IN ('owner', 'admin') END
       AND (CAST(:only AS text[]) IS NULL OR (s.agencies <> '{}' AND s.agencies <@ CAST(:only AS text[])))
""")
_ONE_HELD = text(f"{_ONE.text} FOR NO KEY UPDATE OF s, d")

_MAKE_DESTINATION = text("INSERT INTO destination (kind, target) VALUES ('webhook', :target) RETURNING id")
_MAKE = text("""
    INSERT INTO subscription (destination_id, owner, name, types, agencies, procedures, statuses, ordered, contact_id,
                              xid, seq)
    VALUES (:destination_id, :owner, :name, :types, :agencies, :procedures, :statuses, :ordered, :contact_id,
            pg_snapshot_xmin(pg_current_snapshot()), 0)
    RETURNING id
""")
_CHANGE = text("""
    UPDATE subscription
       SET name = :name, types = :types, agencies = :agencies, procedures = :procedures, statuses = :statuses,
           ordered = :ordered, contact_id = coalesce(:contact_id, contact_id)
     WHERE id = :id
""")
_AIM = text("UPDATE destination SET target = :target WHERE id = :id")
# In no order any more: nobody waits for another.
_UNLINE = text("""
    UPDATE delivery
       SET line = NULL, next_try_at = CASE WHEN next_try_at = 'infinity' THEN now() ELSE next_try_at END
     WHERE destination_id = :id AND state = 'open'
""")
_DELETE = text("DELETE FROM destination WHERE id = :id")

# What waits goes at once, with the whole plan before it again; who waits for another of its line goes on waiting.
_RENEW = text("""
    UPDATE delivery
       SET attempts = 0, first_tried_at = NULL, next_try_at = least(next_try_at, now())
     WHERE destination_id = :id AND state = 'open' AND next_try_at < 'infinity'
""")
_REPLAY = text("""
    UPDATE subscription
       SET round = round + 1, xid = CAST(CAST(:xid AS text) AS xid8), seq = :seq, joined = :joined
     WHERE id = :id
""")

_TESTED = text("""
    WITH m AS (
        INSERT INTO message (key, kind, content) VALUES (:key, :kind, :content) RETURNING id
    ), d AS (
        INSERT INTO delivery (destination_id, message_id, state, attempts, first_tried_at, finished_at)
        SELECT :destination, m.id, CAST(:state AS text), 1, CAST(:at AS timestamptz), now() FROM m RETURNING id
    )
    INSERT INTO attempt (delivery_id, at, seconds, outcome, status, message, answer)
    SELECT d.id, CAST(:at AS timestamptz), CAST(:seconds AS float8), CAST(:outcome AS text), CAST(:status AS smallint),
           CAST(:message AS text), CAST(:answer AS bytea) FROM d
""")


class NoSuchSubscription(LookupError):
    """There is none, or it is somebody else's."""


class TooMany(Exception):
    """The owner has as many as anybody may have."""


@dataclass(frozen=True, slots=True)
class ReplayFrom:
    """A place in the feed: after a cursor of it, or from a moment on."""

    cursor: str | None = None
    moment: datetime | None = None


def _may_be_called(address: str, *, private: bool) -> bool:
    """False where that is known already; where a name leads to is looked up for each call."""
    try:
        parts = urlsplit(address)
        if parts.hostname is None or parts.port == 0:
            return False
    except ValueError:
        return False
    try:
        kind = kind_of(parts.hostname)
    except ValueError:
        return True
    return kind == "public" or (kind == "private" and private)


class SubscriptionStore:
    def __init__(self, database: Database, registry: Registry, vault: Vault, *, plain_http: bool) -> None:
        """`plain_http`: whether addresses may be http, as within the province's own network."""
        self._database, self._registry, self._vault, self._plain_http = database, registry, vault, plain_http
        self._cursors = Cursors(vault)
        self._tests = asyncio.Semaphore(_TESTS_AT_ONCE)

    def check(self, wanted: SubscriptionRequest | SubscriptionChange, owner: Caller) -> None:
        """Whether it may be the owner's: what no schema says. Raises a problem that names the field."""
        if wanted.address and not self._plain_http and not wanted.address.startswith("https://"):
            raise wrong("/address", "is not https", "an address with https://")
        if wanted.address and not _may_be_called(wanted.address, private=self._plain_http):
            raise wrong("/address", "is one that the hub never calls", "a name or a public address")
        for place, agency in enumerate(wanted.agencies or ()):
            if self._registry.spec(agency) is None:
                raise wrong(f"/agencies/{place}", "no agency has this id", "an id such as so-tnmt")
            owner.agencies_for(agency, f"/agencies/{place}")

    async def make(self, owner: str, wanted: SubscriptionRequest, *, actor: str) -> tuple[Subscription, str]:
        """A new one, told of what changes from now on; and its secret. Raises TooMany."""
        endpoint = Endpoint(wanted.address, new_secret())
        async with self._database.begin() as connection:
            await hold(connection)
            if len((await connection.execute(_ALL, {"owner": owner})).all()) >= MOST_PER_OWNER:
                raise TooMany
            target = self._vault.seal(endpoint.target())
            destination = (await connection.execute(_MAKE_DESTINATION, {"target": target})).scalar_one()
            values = await self._values(connection, wanted)
            made = await connection.execute(_MAKE, values | {"destination_id": destination, "owner": owner})
            row = await self._row(connection, made.scalar_one(), owner)
            await self._note(connection, row, actor=actor, action="made")
        return self._told(row), endpoint.secret

    async def all(self, owner: str | None) -> list[tuple[str, Subscription]]:
        """Each with its owner."""
        async with self._database.begin() as connection:
            rows = (await connection.execute(_ALL, {"owner": owner})).all()
        return [(row.owner, self._told(row)) for row in rows]

    async def ill(self, only: Collection[str] | None) -> int:
        """How many somebody should look at: of all, or of those that want nothing but what is of `only` these
        agencies."""
        async with self._database.begin() as connection:
            found = await connection.execute(_ILL, {"only": None if only is None else list(only)})
            return int(found.scalar_one())

    async def one(self, id: int, owner: str | None) -> tuple[str, Subscription]:
        """With its owner. This, like all below, raises NoSuchSubscription."""
        async with self._database.begin() as connection:
            row = await self._row(connection, id, owner)
        return row.owner, self._told(row)

    async def change(self, id: int, owner: str, wanted: Mapping[str, Any]) -> Subscription:
        """`wanted`: of a SubscriptionRequest, what is to be another."""
        async with self._database.begin() as connection:
            row = await self._held(connection, id, owner)
            before = self._told(row)
            request = SubscriptionRequest.model_validate(
                before.model_dump(include=set(SubscriptionRequest.model_fields) - {"email"}) | dict(wanted)
            )
            endpoint = self._endpoint(row).moved(request.address)
            await connection.execute(_AIM, {"id": row.destination_id, "target": self._vault.seal(endpoint.target())})
            await connection.execute(_CHANGE, await self._values(connection, request) | {"id": id})
            if before.ordered and not request.ordered:
                await connection.execute(_UNLINE, {"id": row.destination_id})
                await reckon(connection, [row.destination_id])
            await self._note(connection, row, actor=f"key:{owner}", action="changed", detail={"fields": sorted(wanted)})
            return self._told(await self._row(connection, id, owner))

    async def delete(self, id: int, owner: str | None, *, actor: str) -> None:
        """And what is kept of its deliveries."""
        async with self._database.begin() as connection:
            row = await self._held(connection, id, owner)
            await connection.execute(_DELETE, {"id": row.destination_id})
            await self._note(connection, row, actor=actor, action="deleted")

    async def rotate(self, id: int, owner: str | None, overlap: timedelta, *, actor: str) -> Endpoint:
        """Sign with a new secret; with the old one as well for a while."""
        async with self._database.begin() as connection:
            row = await self._held(connection, id, owner)
            endpoint = self._endpoint(row).rotated(datetime.now(UTC), overlap)
            await connection.execute(_AIM, {"id": row.destination_id, "target": self._vault.seal(endpoint.target())})
            await self._note(connection, row, actor=actor, action="secret_rotated")
        return endpoint

    async def disable(self, id: int, owner: str | None, *, actor: str) -> Subscription:
        """Nothing goes there until it is enabled. What changes meanwhile is told then."""
        why = Why.ADMIN if owner is None else Why.OWNER
        async with self._database.begin() as connection:
            row = await self._held(connection, id, owner)
            await disable(connection, [row.destination_id], why.value)
            await self._note(connection, row, actor=actor, action="disabled")
            return self._told(await self._row(connection, id, owner))

    async def enable(self, id: int, owner: str | None, *, replay: ReplayFrom | None = None, actor: str) -> Subscription:
        """Go on where it stopped; with `replay`, from that place in the feed, whatever was delivered before.

        Raises BadCursor and Expired, too.
        """
        place = await self._place(replay) if replay else None
        async with self._database.begin() as connection:
            row = await self._held(connection, id, owner)
            front = await hold(connection)
            await enable(connection, row.destination_id)
            if place is None:
                await connection.execute(_RENEW, {"id": row.destination_id})
            else:
                await drop(connection, row.destination_id)
                values = {"id": id, "xid": str(place.xid), "seq": place.seq, "joined": place >= front}
                await connection.execute(_REPLAY, values)
            await reckon(connection, [row.destination_id])
            await self._note(connection, row, actor=actor, action="enabled", detail={"replay": replay is not None})
            return self._told(await self._row(connection, id, owner))

    async def test(self, id: int, owner: str | None, channel: WebhookChannel, *, actor: str) -> tuple[str, Result]:
        """Send an event that only tests, now; it is kept as a delivery. Returns its id, and how it ended."""
        async with self._database.begin() as connection:
            row = await self._row(connection, id, owner)
        key = f"test-{uuid4().hex}"
        told = {"id": key, "type": TEST, "timestamp": datetime.now(UTC), "data": {"subscription": str(id)}}
        body = orjson.dumps(told, option=orjson.OPT_UTC_Z)
        async with self._tests:
            result = await channel.post(self._endpoint(row), key, body)
        async with self._database.begin() as connection:
            # It may have been deleted meanwhile.
            row = await self._row(connection, id, owner)
            values = {
                "key": key,
                "kind": TEST,
                "content": self._vault.seal(body),
                "destination": row.destination_id,
                "state": "done" if result.outcome is Outcome.OK else "failed",
            }
            await connection.execute(_TESTED, values | tried(result, self._vault))
            await self._note(connection, row, actor=actor, action="tested", detail={"outcome": result.outcome.value})
        return key, result

    async def _place(self, replay: ReplayFrom) -> Position:
        if replay.moment is not None:
            return await reading.before(self._database, replay.moment)
        assert replay.cursor is not None
        generation, position = self._cursors.read(replay.cursor)
        # Whether all that follows it is still there.
        await reading.read(self._database, self._registry, generation, position, reading.Wanted(), 1)
        return position

    async def _row(
        self, connection: AsyncConnection, id: int, owner: str | None, statement: TextClause = _ONE
    ) -> Row[Any]:
        found = (await connection.execute(statement, {"id": id, "owner": owner})).one_or_none()
        if found is None:
            raise NoSuchSubscription(f"there is no subscription {id}")
        return found

    async def _held(self, connection: AsyncConnection, id: int, owner: str | None) -> Row[Any]:
        """Nobody else changes it, and nothing is handed on, until the transaction ends."""
        await hold(connection)
        await changed(connection)
        return await self._row(connection, id, owner, _ONE_HELD)

    async def _values(self, connection: AsyncConnection, wanted: SubscriptionRequest) -> dict[str, Any]:
        await changed(connection)
        contact = await destination_of(connection, wanted.email, self._vault) if wanted.email else None
        return wanted.model_dump(mode="json", exclude={"address", "email"}) | {"contact_id": contact}

    async def _note(
        self,
        connection: AsyncConnection,
        row: Row[Any],
        *,
        actor: str,
        action: str,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        about = {"owner": row.owner} | dict(detail or {})
        await note(connection, actor=actor, action=f"subscription.{action}", target=str(row.id), detail=about)

    def _endpoint(self, row: Row[Any]) -> Endpoint:
        return Endpoint.of(self._vault.open(row.target))

    def _told(self, row: Row[Any]) -> Subscription:
        endpoint = self._endpoint(row)
        until = endpoint.old_until
        return Subscription(
            id=str(row.id),
            address=endpoint.address,
            name=row.name,
            types=row.types,
            agencies=row.agencies,
            procedures=row.procedures,
            statuses=row.statuses,
            ordered=row.ordered,
            email=mask_email(self._vault.open(row.contact).decode()) if row.contact else None,
            enabled=row.enabled,
            disabled_at=row.disabled_at,
            disabled_why=row.disabled_why,
            catching_up=row.enabled and not row.joined,
            failing_since=row.failing_since,
            last_success_at=row.last_success_at,
            old_secret_until=until if until and until > datetime.now(UTC) else None,
            created_at=row.created_at,
        )
