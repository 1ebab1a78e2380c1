"""Writes call records, bodies sealed; keeps the good ones for a day and the failed ones for a fortnight."""

from datetime import timedelta
from urllib.parse import urlsplit

from sqlalchemy import delete, func, insert
from sqlalchemy.dialects.postgresql import insert as upsert

from contracts.adapter import CallRecord
from contracts.codes import code_key
from hub.calls.counting import count
from hub.calls.tables import call, certificate
from hub.db import Database
from hub.log import correlation_id
from hub.vault import Vault

GOOD_KEPT_FOR = timedelta(days=1)
FAILED_KEPT_FOR = timedelta(days=14)


class DatabaseCallRecorder:
    """contracts.adapter.CallRecorder over the database."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def __call__(self, record: CallRecord) -> None:
        row = {
            "agency": record.agency,
            "operation": record.operation,
            "method": record.method,
            "address": record.address,
            "started_at": record.started_at,
            "seconds": record.seconds,
            "attempts": record.attempts,
            "outcome": record.outcome,
            "message": record.message,
            "status": record.status,
            "request": self._vault.seal(record.request),
            "response": self._vault.seal(record.response),
            "response_bytes": record.response_bytes,
            "correlation_id": correlation_id(),
            "code_mark": code_mark(self._vault, record.about) if record.about else None,
        }
        count(record.attempts)
        async with self._database.begin() as connection:
            await connection.execute(insert(call).values(row))
            if record.certificate_ends_at:
                shown = {"agency": record.agency, "host": urlsplit(record.address).netloc}
                seen = {"ends_at": record.certificate_ends_at, "seen_at": func.now()}
                noted = upsert(certificate).values(shown | seen)
                await connection.execute(noted.on_conflict_do_update(index_elements=list(shown), set_=seen))


def code_mark(vault: Vault, code: str) -> int:
    """By which the calls about a dossier are found, however its code was typed."""
    return vault.mark("call", code_key(code))


async def prune(database: Database) -> int:
    """Delete what was kept long enough. Returns how many rows went."""
    good = (call.c.outcome == "ok") & (call.c.started_at < func.now() - GOOD_KEPT_FOR)
    async with database.begin() as connection:
        result = await connection.execute(delete(call).where(good | (call.c.started_at < func.now() - FAILED_KEPT_FOR)))
        return result.rowcount
