"""Puts what could not be understood into the quarantine."""

from collections.abc import Iterable

import orjson
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.observation import Unusable
from hub.quarantine.tables import quarantine
from hub.vault import Vault


async def keep(
    connection: AsyncConnection,
    unusable: Iterable[Unusable],
    vault: Vault,
    *,
    correlation_id: str | None = None,
) -> int:
    """Keep each with its raw text, within the caller's transaction. The same thing said again is counted,
    not stored twice. Returns how many different ones there were."""
    rows = {}
    for item in unusable:
        digest = vault.digest(orjson.dumps([item.reason, item.field, item.value, item.raw]))
        rows[item.agency, digest] = {
            "agency": item.agency,
            "digest": digest,
            "channel": item.channel.value,
            "reason": item.reason,
            "field": item.field,
            "expression": item.expression,
            "value": item.value,
            "message": item.message,
            "code": item.code,
            "raw": vault.seal(item.raw.encode()),
            "first_seen_at": item.observed_at,
            "last_seen_at": item.observed_at,
            "correlation_id": correlation_id,
        }
    if not rows:
        return 0
    # Sorted, so that two transactions which keep the same things cannot deadlock.
    statement = insert(quarantine).values([rows[key] for key in sorted(rows)])
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["agency", "digest"],
            set_={
                "last_seen_at": statement.excluded.last_seen_at,
                "times": quarantine.c.times + 1,
                "resolved_at": None,
            },
        )
    )
    return len(rows)
