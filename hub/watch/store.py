"""Reads whom watching may ask about and what it has learnt, and keeps what it did."""

from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.db import Database
from hub.watch.policy import Candidate
from hub.watch.rates import Rates, Tally
from hub.watch.tables import watch, watch_rate

#: What was seen counts half after so long: agencies change their ways.
_HALF_FORGOTTEN = timedelta(days=60)

# The columns are Candidate's fields, in their order; the condition is that of dossier_open_idx, to the letter. Of a
# dossier that has moved, whoever told of it last is asked until its successor has spoken.
_CANDIDATES = """
    SELECT d.id, d.code, d.status, extract(epoch FROM d.observed_at)::float8,
           extract(epoch FROM greatest(d.observed_at, s.covered_until, w.checked_at))::float8,
           extract(epoch FROM d.submitted_at)::float8, extract(epoch FROM d.due_at)::float8,
           extract(epoch FROM w.opened_at)::float8, coalesce(w.opened_count, 0)
      FROM dossier d
      LEFT JOIN watch w ON w.dossier_id = d.id
      LEFT JOIN stream s ON (s.agency, s.kind) = ($1, 'pull')
     WHERE (d.told_by = $1 OR (d.agency = $1 AND d.told_by IS NULL))
       AND coalesce(d.status, 0) NOT IN (3, 7, 8, 10) AND d.gone_at IS NULL
       AND greatest(d.observed_at, s.covered_until, w.checked_at) < $2
"""

_PRUNE = text("""
    DELETE FROM watch w
     USING dossier d
     WHERE d.id = w.dossier_id AND coalesce(d.status, 0) IN (3, 7, 8, 10)
""")


async def candidates(database: Database, agency: str, *, known_before: datetime) -> list[Candidate]:
    """The agency's open dossiers that nothing was heard of since `known_before`, nor would have been."""
    rows = await database.reads.fetch(_CANDIDATES, agency, known_before)
    return [Candidate(*row) for row in rows]


async def learnt(database: Database, agency: str, *, offset: timedelta, now: datetime) -> tuple[Rates, datetime]:
    """The agency's rates, and up to when they were taught. `offset` of its zone from UTC."""
    async with database.begin() as connection:
        row = (await connection.execute(select(watch_rate).where(watch_rate.c.agency == agency))).mappings().first()
    if row is None:
        return Rates({}, offset.total_seconds()), now
    kept = 0.5 ** ((now - row["learnt_at"]) / _HALF_FORGOTTEN)
    seen = {name: Tally(kept * events, kept * exposure) for name, (events, exposure) in row["seen"].items()}
    return Rates(seen, offset.total_seconds()), row["learnt_at"]


async def keep_learnt(database: Database, agency: str, rates: Rates, *, now: datetime) -> None:
    seen = {name: [tally.events, tally.exposure] for name, tally in rates.seen.items()}
    statement = insert(watch_rate).values(agency=agency, seen=seen, learnt_at=now)
    async with database.begin() as connection:
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=["agency"],
                set_={"seen": statement.excluded.seen, "learnt_at": statement.excluded.learnt_at},
            )
        )


async def note_check(connection: AsyncConnection, dossier_id: int, *, at: datetime) -> None:
    """The agency answered about the dossier; within the transaction that records what it said."""
    statement = insert(watch).values(dossier_id=dossier_id, checked_at=at)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["dossier_id"],
            # Two may ask at once, and the one who asked first be answered last.
            set_={"checked_at": func.greatest(watch.c.checked_at, statement.excluded.checked_at)},
        )
    )


async def prune(database: Database) -> None:
    """Forget the dossiers that have come to their end."""
    async with database.begin() as connection:
        await connection.execute(_PRUNE)
