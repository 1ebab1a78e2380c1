"""What the transaction at hand has changed in the index so far: to be shown before it is rolled back, or after."""

from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_CHANGES = text("""
    SELECT d.code, c.kind, c.status_before, c.status_after
      FROM change c JOIN dossier d ON d.id = c.dossier_id
     WHERE c.xid = pg_current_xact_id() AND c.kind <> 'history'
     ORDER BY c.seq
""")


class Would(NamedTuple):
    """What a dossier is, or would be."""

    code: str
    kind: str
    status_before: int | None
    status_after: int | None


async def would_change(connection: AsyncConnection) -> list[Would]:
    """The dossiers that are other than before, within the caller's transaction."""
    return [Would(*row) for row in await connection.execute(_CHANGES)]
