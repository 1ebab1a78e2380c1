"""Reads the quarantine again once a spec may understand more of it: what is whole now goes into the index."""

from datetime import UTC

import orjson
import structlog
from sqlalchemy import func, select, text, update

from contracts.adapter import AgencyAdapter
from contracts.observation import Channel
from hub.db import Database
from hub.index.record import record
from hub.log import correlation_id
from hub.quarantine.tables import quarantine
from hub.vault import Vault

log = structlog.get_logger()

_BATCH = 500

# Of the deliveries that what is mended came by, those of which nothing is left in quarantine.
_MENDED = text("""
    UPDATE inbox i
       SET state = 'applied', problems = NULL, applied_at = now()
     WHERE i.agency = :agency AND i.webhook_id = ANY(CAST(:webhook_ids AS text[])) AND i.state = 'quarantined'
       AND NOT EXISTS (SELECT FROM quarantine q
                        WHERE q.agency = i.agency AND q.correlation_id = i.webhook_id AND q.resolved_at IS NULL)
""")


async def replay(database: Database, adapter: AgencyAdapter, vault: Vault) -> int:
    """Read all of the agency's open quarantine with its present spec. Returns how much of it is mended.

    What an old record says takes its place in the history by its own time, and turns nothing back.
    """
    mended = 0
    last = 0
    while True:
        async with database.begin() as connection:
            found = await connection.execute(
                select(quarantine)
                .where(
                    quarantine.c.agency == adapter.spec.id,
                    quarantine.c.resolved_at.is_(None),
                    quarantine.c.id > last,
                )
                .order_by(quarantine.c.id)
                .limit(_BATCH)
                .with_for_update(skip_locked=True)
            )
            rows = found.mappings().all()
            if not rows:
                break
            last = rows[-1]["id"]
            readings = [
                (
                    row["id"],
                    adapter.read(
                        orjson.loads(vault.open(row["raw"])),
                        Channel(row["channel"]),
                        row["first_seen_at"].astimezone(UTC),
                    ),
                )
                for row in rows
            ]
            whole = [(row_id, reading) for row_id, reading in readings if not reading.unusable]
            said = [item for _, reading in whole for item in reading.observations]
            await record(connection, said, vault, correlation_id=correlation_id())
            await connection.execute(
                update(quarantine)
                .where(quarantine.c.id.in_([row_id for row_id, _ in whole]))
                .values(resolved_at=func.now())
            )
            ids = {reading_id for reading_id, _ in whole}
            by_webhook = [
                row["correlation_id"] for row in rows if row["id"] in ids and row["channel"] == Channel.WEBHOOK
            ]
            if by_webhook:
                await connection.execute(_MENDED, {"agency": adapter.spec.id, "webhook_ids": by_webhook})
            mended += len(whole)
    if mended:
        log.info("quarantine.mended", agency=adapter.spec.id, records=mended)
    return mended
