"""How long the outbox keeps what has ended."""

from sqlalchemy import text

from hub.db import Database

#: Deliveries with their attempts; and messages nobody waits for, a replay of which may then tell of a later state.
KEPT_DAYS = 14
MESSAGES_KEPT_DAYS = 31

_BATCH = 10_000

_DELIVERIES = text("""
    DELETE FROM delivery
     WHERE id IN (SELECT id FROM delivery WHERE finished_at < now() - make_interval(days => :days) LIMIT :batch)
""")
_MESSAGES = text("""
    DELETE FROM message
     WHERE id IN (SELECT m.id FROM message m
                   WHERE m.created_at < now() - make_interval(days => :days)
                     AND NOT EXISTS (SELECT FROM delivery d WHERE d.message_id = m.id)
                   LIMIT :batch)
""")


async def prune(database: Database) -> None:
    for statement, days in ((_DELIVERIES, KEPT_DAYS), (_MESSAGES, MESSAGES_KEPT_DAYS)):
        gone = _BATCH
        while gone == _BATCH:
            async with database.begin() as connection:
                gone = (await connection.execute(statement, {"days": days, "batch": _BATCH})).rowcount
