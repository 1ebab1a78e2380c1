"""The backfill job: reads what an agency had before the hub knew it, below all other traffic."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from contracts.adapter import AgencyAdapter, Page, Position, Priority, Window
from contracts.operations import Paged
from hub.db import Database
from hub.log import correlation_id
from hub.streams.store import Lease, RunRecord
from hub.vault import Vault
from sync_jobs.reading import GiveWay, never, read_pages, under_lease


async def backfill(database: Database, adapter: AgencyAdapter, vault: Vault, *, give_way: GiveWay = never) -> RunRecord:
    """One window of the past, the newest that was not read yet; each is a run of its own. All of it in one, page by
    page, where the agency cannot be asked for what is between two times.

    The run's `done` and `total` are those of the whole past, or of the range that was asked for.
    """
    spec = adapter.spec
    run = RunRecord(spec.id, "backfill", datetime.now(UTC), correlation_id=correlation_id())

    async def work(lease: Lease) -> bool:
        if not run.done and run.total is None and lease.window.since is not None:
            run.total = await _count(adapter, lease.range or Window(until=lease.window.until))

        def ask(position: Position | None) -> AsyncIterator[Page]:
            return adapter.changes(lease.window, position, priority=Priority.BACKFILL)

        return await read_pages(database, vault, spec, lease, run, ask, give_way=give_way)

    return await under_lease(database, run, spec, work)


async def _count(adapter: AgencyAdapter, window: Window) -> int | None:
    """How many rows there are in it, where the agency's pages say."""
    changes = adapter.spec.operations.changes
    if not (changes and isinstance(changes.pages, Paged) and changes.pages.total):
        return None
    total = None
    async for page in adapter.changes(window, priority=Priority.BACKFILL):
        total = page.total
    return total
