"""The pull job: reads what an agency changed since it was last read."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from contracts.adapter import AgencyAdapter, Page, Position, Priority
from hub.db import Database
from hub.log import correlation_id
from hub.streams.store import Lease, RunRecord
from hub.vault import Vault
from sync_jobs.reading import GiveWay, never, read_pages, under_lease


async def pull(database: Database, adapter: AgencyAdapter, vault: Vault, *, give_way: GiveWay = never) -> RunRecord:
    """One run over the agency's present window, or what a run before left of it."""
    spec = adapter.spec
    assert spec.sync is not None, "only agencies with a schedule are pulled"
    run = RunRecord(spec.id, "pull", datetime.now(UTC), correlation_id=correlation_id())

    async def work(lease: Lease) -> bool:
        window = lease.window
        # Of an agency that cannot be asked for a time, the first pull reads all its past.
        is_past = window.since is None and window.since_revision is None
        priority = Priority.BACKFILL if is_past else Priority.INCREMENTAL

        def ask(position: Position | None) -> AsyncIterator[Page]:
            return adapter.changes(window, position, priority=priority)

        return await read_pages(database, vault, spec, lease, run, ask, give_way=give_way)

    return await under_lease(database, run, spec, work)
