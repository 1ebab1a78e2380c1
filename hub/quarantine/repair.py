"""Repairs tried out: what a changed spec would make of the quarantine, before it is published."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC

import orjson

from contracts.adapter import AgencyAdapter
from contracts.observation import Channel, Observation
from hub.db import Database
from hub.index.record import record
from hub.index.rehearsal import Would, would_change
from hub.vault import Vault

#: More records than these are not read for a preview.
_MOST = 2000

_OPEN = """
    SELECT id, raw, channel, first_seen_at
      FROM quarantine
     WHERE agency = $1 AND resolved_at IS NULL AND ($2::bigint[] IS NULL OR id = ANY($2))
     ORDER BY last_seen_at DESC
     LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would come of reading records of the quarantine again."""

    read: int
    #: Understood as a whole.
    mended: int
    #: What would still not be understood, by its cause.
    left: Counter[str]
    #: The dossiers that would be other than they are.
    changes: tuple[Would, ...]
    #: Whether there are more records than were read.
    more: bool


async def preview(
    database: Database, adapter: AgencyAdapter, vault: Vault, numbers: list[int] | None = None
) -> Preview:
    """Read what is open of the agency, or the records with these `numbers`, by `adapter`; nothing is kept of it."""
    rows = await database.reads.fetch(_OPEN, adapter.spec.id, numbers, _MOST + 1)
    mended = 0
    left: Counter[str] = Counter()
    said: list[Observation] = []
    for row in rows[:_MOST]:
        raw = orjson.loads(vault.open(row["raw"]))
        reading = adapter.read(raw, Channel(row["channel"]), row["first_seen_at"].astimezone(UTC))
        mended += not reading.unusable
        left.update(each.cause for each in reading.unusable)
        said += [] if reading.unusable else reading.observations
    async with database.trial() as connection:
        await record(connection, said, vault)
        changes = tuple(await would_change(connection))
    return Preview(min(len(rows), _MOST), mended, left, changes, len(rows) > _MOST)
