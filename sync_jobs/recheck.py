"""The recheck job: where an agency contradicted itself, asks it once which state holds."""

import structlog
from sqlalchemy import func, select, update

from contracts.adapter import AgencyAdapter, Capability
from contracts.errors import AgencyFailure
from hub import quarantine
from hub.db import Database
from hub.index.record import record
from hub.index.tables import dossier, recheck
from hub.log import correlation_id
from hub.vault import Vault

log = structlog.get_logger()

#: Questions per run, so that a batch of contradictions does not crowd out the agency's other calls.
_LIMIT = 50


async def settle_contradictions(database: Database, adapter: AgencyAdapter, vault: Vault) -> int:
    """Ask for the present state of the agency's dossiers in doubt. Returns how many were asked about. Raises
    ClockWrong."""
    if Capability.LOOKUP not in adapter.capabilities:
        return 0
    async with database.begin() as connection:
        found = await connection.execute(
            select(recheck.c.dossier_id, recheck.c.moment_numbered, recheck.c.moment_rank, dossier.c.code)
            .join(dossier, dossier.c.id == recheck.c.dossier_id)
            .where(func.coalesce(dossier.c.told_by, dossier.c.agency) == adapter.spec.id, recheck.c.asked_at.is_(None))
            .order_by(recheck.c.wanted_at)
            .limit(_LIMIT)
        )
        doubts = found.all()
    for doubt in doubts:
        await database.check_clock()
        try:
            reading = await adapter.lookup(doubt.code)
        except AgencyFailure as failure:
            log.info("recheck.failed", agency=adapter.spec.id, outcome=failure.kind)
            if failure.passing:
                break
            reading = None
        async with database.begin() as connection:
            if reading is not None:
                answers = [said.model_copy(update={"settles": True}) for said in reading.observations]
                await record(connection, answers, vault, correlation_id=correlation_id())
                await quarantine.keep(connection, reading.unusable, vault, correlation_id=correlation_id())
            await connection.execute(
                update(recheck)
                .where(
                    recheck.c.dossier_id == doubt.dossier_id,
                    recheck.c.moment_numbered == doubt.moment_numbered,
                    recheck.c.moment_rank == doubt.moment_rank,
                )
                .values(asked_at=func.now())
            )
    return len(doubts)
