"""How long deliveries are kept whole: then only what names each and the digest of what it said, so that an id stays
unique for ever."""

from datetime import timedelta

from sqlalchemy import TextClause, text

from hub.db import Database

#: Long enough for whoever asks what exactly was sent half a year ago.
KEPT_WHOLE = timedelta(days=180)
_AT_ONCE = 1000

# What is not settled is kept until it is; of a list, its events are.
_REDUCE = text("""
    UPDATE inbox
       SET body = NULL, headers = NULL, address = NULL
     WHERE id IN (SELECT i.id
                    FROM inbox i
                   WHERE i.body IS NOT NULL AND i.received_at < now() - CAST(:kept AS interval)
                     AND i.state NOT IN ('new', 'waiting', 'quarantined', 'dead')
                     AND (i.state <> 'batch'
                          OR NOT EXISTS (SELECT FROM inbox e
                                          WHERE e.agency = i.agency AND e.batch = i.webhook_id
                                            AND e.received_at = i.received_at
                                            AND e.state IN ('new', 'waiting', 'quarantined', 'dead')))
                   ORDER BY i.received_at
                   LIMIT :most
                     FOR UPDATE SKIP LOCKED)
""")

# The other body that came under an id; and refused calls, of which nothing need be known for ever.
_REDUCE_CONFLICTS = text("""
    UPDATE inbox_conflict
       SET body = NULL
     WHERE id IN (SELECT id
                    FROM inbox_conflict
                   WHERE body IS NOT NULL AND received_at < now() - CAST(:kept AS interval)
                   ORDER BY received_at
                   LIMIT :most
                     FOR UPDATE SKIP LOCKED)
""")
_FORGET_REFUSED = text("DELETE FROM refused_call WHERE at < now() - CAST(:kept AS interval)")


async def reduce(database: Database) -> int:
    """Forget what was sent of those that were kept for long enough. Returns of how many, with their lists and with what
    came under their ids."""
    async with database.begin() as connection:
        await connection.execute(_FORGET_REFUSED, {"kept": KEPT_WHOLE})
    return sum([await _reduce(database, each) for each in (_REDUCE, _REDUCE_CONFLICTS)])


async def _reduce(database: Database, statement: TextClause) -> int:
    reduced = 0
    while True:
        async with database.begin() as connection:
            done = (await connection.execute(statement, {"kept": KEPT_WHOLE, "most": _AT_ONCE})).rowcount
        reduced += done
        if done < _AT_ONCE:
            return reduced
