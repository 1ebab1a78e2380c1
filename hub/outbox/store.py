"""The outbox in the database: what is put in, claimed, and concluded. The rows are all there is of the work.

Whoever changes deliveries holds the rows of their destinations, in the order of their ids; so two never disagree about
who goes next in a line, or wait for each other.
"""

import random
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.db import Database
from hub.outbox.rules import Delivery, Destination, Result, follow
from hub.vault import Vault

#: For so long a claimed delivery is its worker's, and so long a try may take at most.
LEASE_SECONDS, TRY_SECONDS = 30, 25

#: Done with transaction and connection of the outbox, for destinations that were just disabled.
Disabled = Callable[[AsyncConnection, Collection[int]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Message:
    key: str
    kind: str
    content: bytes


@dataclass(frozen=True, slots=True)
class New:
    """A delivery to be: of the message `key` to a destination."""

    destination: int
    key: str
    round: int = 0
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours to try."""

    id: int
    destination: int
    channel: str
    target: bytes
    claim: int
    key: str
    kind: str
    content: bytes
    #: Whether the destination failed the last time.
    ailing: bool


_LOCK = text("SELECT id FROM destination WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")

_MESSAGES = text("""
    INSERT INTO message (key, kind, content)
    SELECT * FROM unnest(CAST(:keys AS text[]), CAST(:kinds AS text[]), CAST(:contents AS bytea[]))
        ON CONFLICT (key) DO NOTHING
""")

# The first of a line may go at once; the others when it is their turn.
_DELIVERIES = text("""
    INSERT INTO delivery (destination_id, round, message_id, line, next_try_at)
    SELECT n.destination_id, n.round, n.message_id, n.line,
           CASE WHEN n.line IS NOT NULL
                 AND (n.place_in_line > 1
                      OR EXISTS (SELECT FROM delivery o
                                  WHERE o.destination_id = n.destination_id AND o.line = n.line AND o.state = 'open'))
                THEN 'infinity' ELSE now() END
      FROM (SELECT g.destination_id, g.round, m.id AS message_id, g.line, g.place,
                   row_number() OVER (PARTITION BY g.destination_id, g.line ORDER BY g.place) AS place_in_line
              FROM unnest(CAST(:destinations AS bigint[]), CAST(:rounds AS int[]), CAST(:keys AS text[]),
                          CAST(:lines AS bigint[])) WITH ORDINALITY AS g (destination_id, round, key, line, place)
              JOIN message m ON m.key = g.key
             WHERE NOT EXISTS (SELECT FROM delivery d
                                WHERE (d.destination_id, d.round, d.message_id) = (g.destination_id, g.round, m.id))
           ) n
     ORDER BY n.place
""")

_RECKON = text("""
    UPDATE destination t
       SET next_due_at = greatest(
               coalesce(t.held_until, '-infinity'),
               CASE WHEN (SELECT count(*) FROM delivery d
                           WHERE d.destination_id = t.id AND d.state = 'open' AND d.claimed_until > now()) >= t.pace
                    THEN (SELECT min(d.claimed_until) FROM delivery d
                           WHERE d.destination_id = t.id AND d.state = 'open' AND d.claimed_until > now())
                    ELSE coalesce((SELECT d.next_try_at FROM delivery d
                                    WHERE d.destination_id = t.id AND d.state = 'open'
                                    ORDER BY d.next_try_at LIMIT 1), 'infinity')
               END)
     WHERE t.id = ANY(:ids)
""")

_IS_DUE = "SELECT EXISTS (SELECT FROM destination WHERE enabled AND next_due_at <= now())"

_DUE = text("""
    SELECT id FROM destination
     WHERE enabled AND next_due_at <= now() AND kind = ANY(:channels) AND (failures > 0) = :ailing
     ORDER BY next_due_at
     LIMIT :most
       FOR NO KEY UPDATE SKIP LOCKED
""")

_CLAIM = text("""
    WITH picked AS (
        SELECT p.id
          FROM destination t
         CROSS JOIN LATERAL (
               SELECT d.id
                 FROM delivery d
                WHERE d.destination_id = t.id AND d.state = 'open' AND d.next_try_at <= now()
                ORDER BY d.next_try_at, d.id
                LIMIT greatest(0, t.pace - (SELECT count(*) FROM delivery f
                                             WHERE f.destination_id = t.id AND f.state = 'open'
                                               AND f.claimed_until > now()))) p
         WHERE t.id = ANY(:ids)
    ), taken AS (
        UPDATE delivery d
           SET claim = d.claim + 1, claimed_until = now() + make_interval(secs => :lease),
               next_try_at = now() + make_interval(secs => :lease), first_tried_at = coalesce(first_tried_at, now())
          FROM picked
         WHERE d.id = picked.id
        RETURNING d.id, d.destination_id, d.message_id, d.claim
    )
    SELECT taken.id, taken.destination_id, taken.claim, t.kind AS channel, t.target, t.failures, m.key, m.kind,
           m.content
      FROM taken
      JOIN destination t ON t.id = taken.destination_id
      JOIN message m ON m.id = taken.message_id
     ORDER BY taken.id
""")

_DESTINATIONS = text("""
    SELECT id, pace, failures, failing_since, held_until, last_success_at, now() AS now,
           CASE WHEN enabled THEN NULL ELSE coalesce(disabled_why, 'admin') END AS disabled
      FROM destination WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE
""")

_OPEN = text("""
    SELECT id, claim, attempts, first_tried_at FROM delivery WHERE id = ANY(:ids) AND state = 'open'
""")

_TRIED = text("""
    INSERT INTO attempt (delivery_id, at, seconds, outcome, status, message, answer)
    SELECT d.id, CAST(:at AS timestamptz), CAST(:seconds AS float8), CAST(:outcome AS text), CAST(:status AS smallint),
           CAST(:message AS text), CAST(:answer AS bytea)
      FROM delivery d
     WHERE d.id = :id
""")

# Of one that is to go again when its destination does, the next try is now: the destination holds it.
_CONCLUDE = text("""
    UPDATE delivery
       SET attempts = :attempts, state = CAST(:state AS text), claimed_until = NULL,
           next_try_at = coalesce(CAST(:next_try_at AS timestamptz), now()),
           finished_at = CASE WHEN CAST(:state AS text) = 'open' THEN NULL ELSE now() END
     WHERE id = :id
""")

_NEXT_IN_LINE = text("""
    UPDATE delivery
       SET next_try_at = now()
     WHERE next_try_at = 'infinity'
       AND id IN (SELECT (SELECT n.id FROM delivery n
                           WHERE n.destination_id = d.destination_id AND n.line = d.line AND n.state = 'open'
                           ORDER BY n.id LIMIT 1)
                    FROM delivery d
                   WHERE d.id = ANY(:ids) AND d.line IS NOT NULL)
""")

_KEEP = text("""
    UPDATE destination
       SET pace = :pace, failures = :failures, failing_since = :failing_since, held_until = :held_until,
           last_success_at = :last_success_at, enabled = enabled AND CAST(:disabled AS text) IS NULL,
           disabled_at = CASE WHEN enabled AND CAST(:disabled AS text) IS NOT NULL THEN now() ELSE disabled_at END,
           disabled_why = coalesce(CAST(:disabled AS text), disabled_why)
     WHERE id = :id
""")


_ENABLE = text("""
    UPDATE destination
       SET enabled = true, disabled_at = NULL, disabled_why = NULL, pace = 1, failures = 0, failing_since = NULL,
           held_until = NULL
     WHERE id = :id
""")
_DISABLE = text("""
    UPDATE destination SET enabled = false, disabled_at = now(), disabled_why = :why WHERE id = ANY(:ids) AND enabled
    RETURNING id
""")
_DROP = text("UPDATE delivery SET state = 'dropped', finished_at = now() WHERE destination_id = :id AND state = 'open'")


async def enable(connection: AsyncConnection, destination: int) -> None:
    """As if nothing had ever failed there."""
    await connection.execute(_ENABLE, {"id": destination})


async def disable(connection: AsyncConnection, destinations: Collection[int], why: str) -> list[int]:
    """Try nothing there. Returns those that were not disabled before."""
    disabled = await connection.execute(_DISABLE, {"ids": sorted(destinations), "why": why})
    return sorted(disabled.scalars())


async def drop(connection: AsyncConnection, destination: int) -> None:
    """What was to go there does not."""
    await connection.execute(_DROP, {"id": destination})


async def put(
    connection: AsyncConnection, messages: Collection[Message], deliveries: Sequence[New], vault: Vault
) -> None:
    """Have messages go out, with the caller's transaction. What is there already is not put in twice."""
    if not deliveries:
        return
    ids = sorted({each.destination for each in deliveries})
    await connection.execute(_LOCK, {"ids": ids})
    await connection.execute(
        _MESSAGES,
        {
            "keys": [each.key for each in messages],
            "kinds": [each.kind for each in messages],
            "contents": [vault.seal(each.content) for each in messages],
        },
    )
    await connection.execute(
        _DELIVERIES,
        {
            "destinations": [each.destination for each in deliveries],
            "rounds": [each.round for each in deliveries],
            "keys": [each.key for each in deliveries],
            "lines": [each.line for each in deliveries],
        },
    )
    await reckon(connection, ids)


async def reckon(connection: AsyncConnection, destinations: Collection[int]) -> None:
    """Note when each has something to try, after its deliveries or its own standing changed."""
    await connection.execute(_RECKON, {"ids": sorted(destinations)})


class Outbox:
    def __init__(
        self, database: Database, vault: Vault, *, spacing: Mapping[str, float], on_disabled: Disabled | None = None
    ) -> None:
        """`spacing`: by channel, the seconds from one arrival at a destination to the next try."""
        self._database, self._vault = database, vault
        self._spacing, self._on_disabled = spacing, on_disabled

    async def is_due(self) -> bool:
        """Whether there may be something to claim."""
        return bool(await self._database.reads.fetchval(_IS_DUE))

    async def claim(self, channels: Collection[str], *, most: int, ailing: bool) -> list[Claimed]:
        """What may be tried now, of at most so many destinations: those that failed the last time, or the others."""
        if most <= 0:
            return []
        async with self._database.begin() as connection:
            due = await connection.execute(_DUE, {"channels": list(channels), "most": most, "ailing": ailing})
            if not (ids := sorted(due.scalars())):
                return []
            found = await connection.execute(_CLAIM, {"ids": ids, "lease": LEASE_SECONDS})
            claimed = [
                Claimed(
                    id=row.id,
                    destination=row.destination_id,
                    channel=row.channel,
                    target=self._vault.open(row.target),
                    claim=row.claim,
                    key=row.key,
                    kind=row.kind,
                    content=self._vault.open(row.content),
                    ailing=row.failures > 0,
                )
                for row in found
            ]
            await reckon(connection, ids)
        return claimed

    async def conclude(self, results: Sequence[tuple[Claimed, Result]]) -> list[int]:
        """Keep how tries ended. Each is noted; what follows from it only where the claim is still the newest. Returns
        the destinations that were disabled by it."""
        async with self._database.begin() as connection:
            ids = sorted({claimed.destination for claimed, _ in results})
            rows = {row.id: row for row in await connection.execute(_DESTINATIONS, {"ids": ids})}
            open_rows = {
                row.id: row for row in await connection.execute(_OPEN, {"ids": [each.id for each, _ in results]})
            }
            standing = {id: _destination(row) for id, row in rows.items()}
            ended: list[dict[str, Any]] = []
            for claimed, result in results:
                row, at_hand = open_rows.get(claimed.id), standing.get(claimed.destination)
                if row is None or at_hand is None or row.claim != claimed.claim:
                    continue
                delivery, standing[claimed.destination] = follow(
                    Delivery(row.attempts, row.first_tried_at),
                    at_hand,
                    result,
                    rows[claimed.destination].now,
                    chance=random.random(),  # noqa: S311
                    spacing=self._spacing.get(claimed.channel, 0),
                )
                ended.append(
                    {
                        "id": claimed.id,
                        "attempts": delivery.attempts,
                        "state": delivery.state,
                        "next_try_at": delivery.next_try_at,
                    }
                )
            await connection.execute(
                _TRIED, [{"id": claimed.id} | tried(result, self._vault) for claimed, result in results]
            )
            if ended:
                await connection.execute(_CONCLUDE, ended)
                over = [each["id"] for each in ended if each["state"] != "open"]
                await connection.execute(_NEXT_IN_LINE, {"ids": over})
                await connection.execute(_KEEP, [{"id": id} | asdict(each) for id, each in standing.items()])
            disabled = [id for id, each in standing.items() if each.disabled and rows[id].disabled is None]
            if disabled and self._on_disabled:
                await self._on_disabled(connection, disabled)
            await reckon(connection, ids)
        return disabled


def tried(result: Result, vault: Vault) -> dict[str, Any]:
    """How a try ended, as the table `attempt` holds it."""
    return {
        "at": result.at,
        "seconds": result.seconds,
        "outcome": result.outcome.value,
        "status": result.status,
        "message": result.message,
        "answer": vault.seal(result.answer) if result.answer else None,
    }


def _destination(row: Any) -> Destination:
    return Destination(
        pace=row.pace,
        failures=row.failures,
        failing_since=row.failing_since,
        held_until=row.held_until,
        disabled=row.disabled,
        last_success_at=row.last_success_at,
    )
