"""What became of deliveries, for whoever owns their destination; and one more time for one of them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.outbox.store import reckon

#: Of what waits, so many are counted.
MOST_COUNTED = 1000

_COLUMNS = """
    d.id, m.key, m.kind, d.state, d.attempts, d.created_at, d.finished_at,
    CASE WHEN d.state = 'open' THEN nullif(d.next_try_at, 'infinity') END AS next_try_at
"""
_LATEST = text(f"""
    SELECT {_COLUMNS}
      FROM delivery d
      JOIN message m ON m.id = d.message_id
     WHERE d.destination_id = :destination AND d.id < :before
       AND (CAST(:state AS text) IS NULL OR d.state = :state)
     ORDER BY d.id DESC
     LIMIT :limit
""")
_ONE = text(f"""
    SELECT {_COLUMNS} FROM delivery d JOIN message m ON m.id = d.message_id
     WHERE d.destination_id = :destination AND d.id = :id
""")
_ATTEMPTS = text("""
    SELECT at, seconds, outcome, status, message, answer FROM attempt WHERE delivery_id = :id ORDER BY id
""")
# Of the latest deliveries, and of those that are tried again last, which are those that were tried most often: all that
# ever went there is not looked through.
_TRIES = text(f"""
    WITH looked_at AS (
        (SELECT id FROM delivery WHERE destination_id = :destination ORDER BY id DESC LIMIT :most)
         UNION
        (SELECT id FROM delivery
          WHERE destination_id = :destination AND state = 'open' AND next_try_at < 'infinity'
          ORDER BY next_try_at DESC LIMIT :most)
    )
    SELECT {_COLUMNS}, a.at, a.seconds, a.outcome, a.status, a.message, a.answer
      FROM looked_at
      JOIN delivery d USING (id)
      JOIN message m ON m.id = d.message_id
      JOIN attempt a ON a.delivery_id = d.id
     ORDER BY a.id DESC
     LIMIT :most
""")
_WAITING = text("""
    SELECT (SELECT count(*) FROM (SELECT FROM delivery d WHERE d.destination_id = t.id AND d.state = 'open'
                                   LIMIT :most) w) AS number,
           CASE WHEN t.enabled THEN nullif(t.next_due_at, 'infinity') END AS next_try_at
      FROM destination t
     WHERE t.id = :destination
""")
_HOLD = text("SELECT FROM destination WHERE id = :destination FOR NO KEY UPDATE")
# One that is under way is left alone, and one that waits for another of its line goes on waiting.
_AGAIN = text("""
    UPDATE delivery
       SET state = 'open', finished_at = NULL,
           attempts = CASE WHEN state = 'open' THEN attempts ELSE 0 END,
           first_tried_at = CASE WHEN state = 'open' THEN first_tried_at END,
           line = CASE WHEN state = 'open' THEN line END,
           next_try_at = CASE WHEN state = 'open' AND next_try_at = 'infinity' THEN 'infinity' ELSE now() END
     WHERE destination_id = :destination AND id = :id AND (claimed_until IS NULL OR claimed_until <= now())
""")


async def latest(
    connection: AsyncConnection, destination: int, *, state: str | None, before: int, limit: int
) -> Sequence[Row[Any]]:
    """Deliveries below the number `before`, the latest first."""
    values = {"destination": destination, "state": state, "before": before, "limit": limit}
    return (await connection.execute(_LATEST, values)).all()


async def one(connection: AsyncConnection, destination: int, id: int) -> tuple[Row[Any], Sequence[Row[Any]]] | None:
    """A delivery and its attempts."""
    found = (await connection.execute(_ONE, {"destination": destination, "id": id})).one_or_none()
    return found and (found, (await connection.execute(_ATTEMPTS, {"id": id})).all())


async def tries(connection: AsyncConnection, destination: int, *, most: int) -> Sequence[Row[Any]]:
    """What was tried last, the latest first: of each its attempt, and its delivery."""
    return (await connection.execute(_TRIES, {"destination": destination, "most": most})).all()


async def waiting(connection: AsyncConnection, destination: int) -> Row[Any]:
    """How many deliveries wait, and when something is tried next."""
    return (await connection.execute(_WAITING, {"destination": destination, "most": MOST_COUNTED})).one()


async def again(connection: AsyncConnection, destination: int, id: int) -> None:
    """Have it tried now, with the whole plan before it where it had ended; by itself, in nobody's line."""
    await connection.execute(_HOLD, {"destination": destination})
    await connection.execute(_AGAIN, {"destination": destination, "id": id})
    await reckon(connection, [destination])
