"""The pull job: reads what an agency changed since it was last read."""

from datetime import UTC, datetime

from contracts.adapter import AgencyAdapter
from hub.db import Database
from hub.log import correlation_id
from hub.streams.store import Lease, RunRecord
from hub.vault import Vault
from sync_jobs.reading import GiveWay, never, read_pages, under_lease


async def pull(database: Database, adapter: AgencyAdapter, vault: Vault, *, give_way: GiveWay = never) -> RunRecord:
    """One run over the agency's present window, or what a run before left of it."""
    assert adapter.spec.sync is not None, "only agencies with a schedule are pulled"
    run = RunRecord(adapter.spec.id, "pull", datetime.now(UTC), correlation_id=correlation_id())

    async def work(lease: Lease) -> bool:
        return await read_pages(
            database, vault, lease, run, lambda position: adapter.changes(lease.window, position), give_way=give_way
        )

    return await under_lease(database, run, adapter.spec.sync, work)
