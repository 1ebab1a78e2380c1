"""The reconcile job: compares all that an agency has with the index, and finds what is missing on either side."""

from datetime import UTC, datetime

import structlog
from sqlalchemy import delete, insert, text
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.adapter import AgencyAdapter, Capability, Page, Priority, Window
from contracts.codes import code_key
from contracts.errors import AgencyFailure, NotFound
from contracts.observation import Channel, Facts, Observation
from hub import quarantine
from hub.db import Database
from hub.index.record import Recorded, record
from hub.log import correlation_id
from hub.streams.store import Lease, RunRecord
from hub.streams.tables import missing, seen
from hub.vault import Vault
from sync_jobs.reading import Ask, GiveWay, never, read_pages, under_lease

log = structlog.get_logger()

#: A pass that saw less of what there was is the agency's incident, and proves nothing.
_ENOUGH = 0.9

#: Questions per pass after dossiers that it did not see; the next pass asks after the others.
_LIMIT = 200

_SEEN = text("""
    INSERT INTO seen (agency, dossiers)
    SELECT :agency, coalesce(array_agg(id), '{}')
      FROM dossier
     WHERE agency = :agency AND code_key = ANY(CAST(:keys AS text[]))
""")

_LEFT = text("""
    SELECT details, done, total
      FROM run
     WHERE agency = :agency AND kind = 'reconcile' AND id < :run
     ORDER BY id DESC
     LIMIT 1
""")

_SEEN_COUNT = text("SELECT count(DISTINCT s.each) FROM seen, unnest(dossiers) AS s (each) WHERE agency = :agency")

# Those whose last word is from before the pass: of what came later it may have known nothing. And which the agency has
# spoken of: what it took over from another may not be in its system yet.
_UNSEEN = text("""
    SELECT d.id, d.code, d.moment_numbered, d.moment_rank, m.since IS NOT NULL AS missed_before
      FROM dossier d
      LEFT JOIN missing m ON m.dossier_id = d.id
      LEFT JOIN (SELECT DISTINCT unnest(dossiers) AS id FROM seen WHERE agency = :agency) s ON s.id = d.id
     WHERE d.agency = :agency AND d.told_by IS NULL AND d.gone_at IS NULL AND d.observed_at < :began AND s.id IS NULL
     ORDER BY d.id
""")


async def reconcile(
    database: Database, adapter: AgencyAdapter, vault: Vault, *, give_way: GiveWay = never
) -> RunRecord:
    """One pass over all that the agency has, or what a run before left of it.

    Its drift is in the run's details: `missing` (the agency had it, we had not), `differs`, `back`, `hidden` (not
    listed, and found when asked for) and `gone`, with how many were `seen` and `unseen`, and how many records were
    `nameless`: without a code that could be read.
    """
    spec = adapter.spec
    run = RunRecord(spec.id, "reconcile", datetime.now(UTC), correlation_id=correlation_id())
    run.details = dict.fromkeys(("missing", "differs", "back", "nameless"), 0)

    async def work(lease: Lease) -> bool:
        async with database.begin() as connection:
            if lease.position is None:
                await connection.execute(delete(seen).where(seen.c.agency == spec.id))
            else:
                left = await connection.execute(_LEFT, {"agency": spec.id, "run": run.id})
                if before := left.one_or_none():
                    run.details, run.done, run.total = run.details | before.details, before.done, before.total
        if not await read_pages(database, vault, spec, lease, run, ask(lease), give_way=give_way, beside=note_seen):
            return False
        await _Unseen(database, adapter, vault, run, began=lease.window.until).settle()
        return True

    def ask(lease: Lease) -> Ask:
        if Capability.ALL in adapter.capabilities:
            return lambda position: adapter.everything(position, priority=Priority.RECONCILE)
        whole = Window(until=lease.window.until)
        return lambda position: adapter.changes(whole, position, priority=Priority.RECONCILE)

    async def note_seen(connection: AsyncConnection, page: Page, recorded: Recorded, so_far: RunRecord) -> None:
        # What could not be understood is there all the same.
        codes = [said.code for said in page.observations] + [each.code for each in page.unusable if each.code]
        await connection.execute(_SEEN, {"agency": spec.id, "keys": [code_key(code) for code in codes]})
        so_far.details["missing"] += recorded.created
        so_far.details["back"] += recorded.back
        so_far.details["differs"] += recorded.changed - recorded.created - recorded.back
        so_far.details["nameless"] += sum(each.code is None for each in page.unusable)

    return await under_lease(database, run, spec, work)


class _Unseen:
    """The dossiers that a complete pass did not see."""

    def __init__(
        self, database: Database, adapter: AgencyAdapter, vault: Vault, run: RunRecord, *, began: datetime
    ) -> None:
        self._database, self._adapter, self._vault, self._run, self._began = database, adapter, vault, run, began
        self._agency = adapter.spec.id

    async def settle(self) -> None:
        """Mark those gone at source of which that is certain, where the pass proves anything at all."""
        async with self._database.begin() as connection:
            count = (await connection.execute(_SEEN_COUNT, {"agency": self._agency})).scalar_one()
            unseen = (await connection.execute(_UNSEEN, {"agency": self._agency, "began": self._began})).all()
            await connection.execute(delete(seen).where(seen.c.agency == self._agency))
        details = self._run.details
        details |= {"seen": count, "unseen": len(unseen), "gone": 0, "hidden": 0}
        known = count - details["missing"]
        if unseen and known < _ENOUGH * (known + len(unseen)):
            self._run.outcome = "shrunk"
            self._run.message = (
                f"it listed {known} of {known + len(unseen)} dossiers; none of the others was marked gone"
            )
            return
        if details["nameless"]:
            # Any of the others may be one that could not be read.
            return
        if Capability.LOOKUP in self._adapter.capabilities:
            for dossier in unseen[:_LIMIT]:
                await self._database.check_clock()
                await self._ask_after(dossier)
            return
        for dossier in unseen:
            if dossier.missed_before:
                await self._database.check_clock()
                await self._mark_gone(dossier, datetime.now(UTC))
        async with self._database.begin() as connection:
            await connection.execute(delete(missing).where(missing.c.agency == self._agency))
            if left := [{"dossier_id": each.id, "agency": self._agency} for each in unseen if not each.missed_before]:
                await connection.execute(insert(missing), left)

    async def _ask_after(self, dossier: Row[tuple[object, ...]]) -> None:
        asked_at = datetime.now(UTC)
        try:
            reading = await self._adapter.lookup(dossier.code, priority=Priority.RECONCILE)
        except NotFound:
            await self._mark_gone(dossier, asked_at)
            return
        except AgencyFailure as failure:
            if failure.passing:
                raise
            log.info("reconcile.unclear", agency=self._agency, outcome=failure.kind)
            return
        async with self._database.begin() as connection:
            await record(connection, reading.observations, self._vault, correlation_id=correlation_id())
            await quarantine.keep(connection, reading.unusable, self._vault, correlation_id=correlation_id())
        self._run.details["hidden"] += 1

    async def _mark_gone(self, dossier: Row[tuple[object, ...]], asked_at: datetime) -> None:
        numbered = dossier.moment_numbered
        gone = Observation(
            agency=self._agency,
            code=dossier.code,
            # The agency gave its going no number; it comes right after the last one.
            occurred_at=None if numbered else asked_at,
            revision=dossier.moment_rank if numbered else None,
            settles=numbered,
            facts=Facts(gone_at=asked_at),
            observed_at=asked_at,
            channel=Channel.PULL,
        )
        async with self._database.begin() as connection:
            await record(connection, [gone], self._vault, correlation_id=correlation_id())
        self._run.details["gone"] += 1
