"""How long changes are kept, and what becomes of the feed when its database was restored from a copy."""

import structlog
from sqlalchemy import text

from hub.db import Database

log = structlog.get_logger()

#: Who was away for longer starts over.
KEPT_DAYS = 30

_BATCH = 10_000

# What lies before the first change that is young enough, in the feed's order: so that no gap is left. Changes of
# transactions that are still open are always young enough.
_PRUNE = text("""
    WITH old AS (
        SELECT xid, seq FROM change
         WHERE (xid, seq) < (SELECT xid, seq FROM change WHERE at >= now() - make_interval(days => :days)
                              ORDER BY xid, seq LIMIT 1)
            OR NOT EXISTS (SELECT FROM change WHERE at >= now() - make_interval(days => :days))
         ORDER BY xid, seq
         LIMIT :batch
    ), gone AS (
        DELETE FROM change c USING old WHERE c.seq = old.seq RETURNING c.xid, c.seq
    ), last AS (
        SELECT xid, seq FROM gone ORDER BY xid DESC, seq DESC LIMIT 1
    )
    UPDATE feed SET pruned_xid = last.xid, pruned_seq = last.seq FROM last
    RETURNING (SELECT count(*) FROM gone)
""")

_FROM_ELSEWHERE = text("""
    SELECT greatest(pruned_xid, (SELECT xid FROM change ORDER BY xid DESC, seq DESC LIMIT 1))
           >= pg_snapshot_xmax(pg_current_snapshot())
      FROM feed
""")


async def prune(database: Database) -> int:
    """Forget the changes that have been kept long enough. Returns how many."""
    forgotten = 0
    while True:
        async with database.begin() as connection:
            batch = (await connection.execute(_PRUNE, {"days": KEPT_DAYS, "batch": _BATCH})).scalar() or 0
        forgotten += batch
        if batch < _BATCH:
            return forgotten


async def check_restored(database: Database) -> None:
    """A server counts its transactions for itself. Changes that came from another one, by a dump, lie in this one's
    future, and would hold up the feed: they are put before all that will come, and every cursor ends."""
    async with database.begin() as connection:
        if not (await connection.execute(_FROM_ELSEWHERE)).scalar():
            return
        # Whoever else starts now waits here, and then finds it done.
        await connection.execute(text("SELECT FROM feed FOR UPDATE"))
        if not (await connection.execute(_FROM_ELSEWHERE)).scalar():
            return
        await connection.execute(text("UPDATE change SET xid = '1'"))
        await connection.execute(text("UPDATE feed SET generation = generation + 1, pruned_xid = '0', pruned_seq = 0"))
    log.warning("feed.restarted", reason="the database was restored from a copy; readers of the feed start over")
