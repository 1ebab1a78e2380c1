"""Notes which dossiers were shown to somebody: a set in memory when it happens, one statement now and then."""

from collections.abc import Iterable

from sqlalchemy import text

from hub.db import Database
from hub.watch.policy import MEMORY

#: More than so many between two flushes is somebody reading the index through.
_MOST = 10_000

# Who looks again within ten minutes reads on; that is no further look, and writes nothing. Sorted, so that two
# processes which flush at once cannot deadlock.
_NOTE = text("""
    INSERT INTO watch AS w (dossier_id, opened_at, opened_count)
    SELECT id, now(), 1
      FROM dossier
     WHERE id = ANY(CAST(:ids AS bigint[])) AND coalesce(status, 0) NOT IN (3, 7, 8, 10)
     ORDER BY id
        ON CONFLICT (dossier_id) DO UPDATE
       SET opened_at = now(),
           opened_count = 1 + w.opened_count
                        * coalesce(exp(-extract(epoch FROM now() - w.opened_at)::float8 / :memory), 0)
     WHERE w.opened_at IS NULL OR w.opened_at < now() - interval '10 minutes'
""")


class Opens:
    """The dossiers shown by this process that the database does not know of yet."""

    def __init__(self) -> None:
        self._shown: set[int] = set()

    def note(self, dossiers: Iterable[int]) -> None:
        """They are being shown. Cannot fail, and waits for nothing."""
        if len(self._shown) < _MOST:
            self._shown.update(dossiers)

    async def flush(self, database: Database) -> None:
        if not self._shown:
            return
        shown, self._shown = self._shown, set()
        try:
            async with database.begin() as connection:
                await connection.execute(_NOTE, {"ids": list(shown), "memory": MEMORY})
        except Exception:
            self.note(shown)
            raise
