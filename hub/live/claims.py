"""One look at a dossier at a time, over all processes: whoever claims its row asks, the others wait for what comes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.dossier import StaleReason
from hub.db import Database

#: How a look ended: the agency told of the dossier, it has none, or why there is no answer.
Ended: TypeAlias = Literal["answered", "none"] | StaleReason


@dataclass(frozen=True, slots=True)
class Outcome:
    ended: Ended
    #: When the agency was asked, where it answered.
    asked_at: datetime | None = None


# A process that dies leaves its claim for so long. A look that takes longer may be made twice, which harms nobody.
_CLAIM = """
    INSERT INTO live_look AS l (agency, code_key, claimed_until)
    VALUES ($1, $2, now() + interval '10 seconds')
        ON CONFLICT (agency, code_key) DO UPDATE
       SET claimed_until = excluded.claimed_until
     WHERE (l.claimed_until IS NULL OR l.claimed_until < now())
       AND (l.outcome IS NULL OR l.outcome NOT IN ('answered', 'none')
            OR l.asked_at < now() - $3::interval)
    RETURNING 1
"""

_STATE = """
    SELECT coalesce(claimed_until > now(), false) AS is_claimed, outcome, asked_at
      FROM live_look
     WHERE agency = $1 AND code_key = $2
"""

_RELEASE = text("""
    UPDATE live_look
       SET claimed_until = NULL, outcome = :outcome, asked_at = :asked_at
     WHERE agency = :agency AND code_key = :key
""")

_PRUNE = text("DELETE FROM live_look WHERE asked_at < now() - interval '1 day'")


async def claim(database: Database, agency: str, key: str, max_age: timedelta) -> bool:
    """Whether it is ours to ask: nobody else is asking, nor has been answered within `max_age`."""
    return await database.reads.fetchval(_CLAIM, agency, key, max_age) is not None


async def outcome_elsewhere(database: Database, agency: str, key: str) -> Outcome | None:
    """What came of the look that another has made; None while it goes on."""
    row = await database.reads.fetchrow(_STATE, agency, key)
    if row is None or (not row["is_claimed"] and row["outcome"] is None):
        # Its process died.
        return Outcome("agency_slow")
    return None if row["is_claimed"] else Outcome(row["outcome"], row["asked_at"])


async def release(connection: AsyncConnection, agency: str, key: str, outcome: Ended, asked_at: datetime) -> None:
    """The look has ended; within the transaction that records what the agency said."""
    await connection.execute(_RELEASE, {"agency": agency, "key": key, "outcome": outcome, "asked_at": asked_at})


async def prune(database: Database) -> None:
    """Forget the looks of days past."""
    async with database.begin() as connection:
        await connection.execute(_PRUNE)
