"""A pull that changes nothing: what it would do, page by page."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from contracts.adapter import AgencyAdapter, Position, Window
from hub.db import Database
from hub.index.record import record
from hub.index.rehearsal import Would, would_change
from hub.vault import Vault


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What one page would have done."""

    received: int
    added: int
    changed: int
    unusable: int
    #: The dossiers that would be other than they are.
    changes: tuple[Would, ...]


async def rehearse(
    database: Database, adapter: AgencyAdapter, vault: Vault, window: Window
) -> AsyncIterator[Rehearsed]:
    """Read the window, each page recorded in a transaction that is rolled back: no cursor, no history, no quarantine.

    Each page is compared with the index as it is, not as the page before would have left it.
    """
    position: Position | None = None
    while True:
        async for page in adapter.changes(window, position):
            async with database.trial() as connection:
                done = await record(connection, page.observations, vault)
                changes = tuple(await would_change(connection))
            yield Rehearsed(done.received, done.added, done.changed, len(page.unusable), changes)
        if page.next is None:
            return
        position = page.next
