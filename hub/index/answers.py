"""Answers from the index: one dossier by its code. Hot reads use the plain driver."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import asyncpg

from contracts.codes import code_key
from contracts.dossier import Dossier, StatusEvent
from hub.db import Database
from hub.index.history import events
from hub.index.merge import Entry, timeline
from hub.index.summaries import COLUMNS, JOINS, summary
from hub.registry import Registry
from hub.vault import Vault

# Not `code_key = $1 OR national_key = $1`: this way both sides are plain index look-ups.
_FIND = f"""
    SELECT {COLUMNS}
      FROM (SELECT * FROM dossier WHERE code_key = $1
             UNION ALL
            SELECT * FROM dossier WHERE national_key = $1 AND code_key <> $1) d
      {JOINS}
     ORDER BY d.updated_at DESC
     LIMIT 20
"""

_STEPS = """
    SELECT dossier_id, digest, code, occurred_at, revision, settles, observed_at, channel,
           facts ->> 'status' AS status, facts ->> 'status_raw' AS raw
      FROM observation
     WHERE dossier_id = ANY($1) AND facts ? 'status'
"""


class Answers:
    """Reads the index. What it gives holds no personal data."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        vault: Vault,
        *,
        shown: Callable[[Iterable[int]], None] | None = None,
    ) -> None:
        """`shown` is told the ids of dossiers somebody asked for by their code; it must neither wait nor fail."""
        self._database = database
        self._registry = registry
        self._vault = vault
        self._shown = shown

    async def find(self, code: str) -> list[Dossier]:
        """All dossiers under the code, however it was typed: none, one, or — where agencies gave the same
        code twice — more, the latest changed first."""
        key = code_key(code)
        if not key:
            return []
        async with self._database.reads.acquire() as connection:
            rows = await connection.fetch(_FIND, key)
            steps = await connection.fetch(_STEPS, [row["id"] for row in rows]) if rows else []
        if self._shown:
            self._shown(row["id"] for row in rows)
        now = datetime.now(UTC)
        return [
            Dossier.model_construct(
                **summary(row, self._registry, now),
                timeline=self._timeline(row, [s for s in steps if s["dossier_id"] == row["id"]]),
            )
            for row in rows
        ]

    def _timeline(self, dossier: asyncpg.Record, steps: Sequence[asyncpg.Record]) -> list[StatusEvent]:
        entries = (
            Entry(
                digest=step["digest"],
                code=step["code"],
                occurred_at=step["occurred_at"],
                revision=step["revision"],
                settles=step["settles"],
                facts={"status": step["status"], "status_raw": step["raw"]},
                observed_at=step["observed_at"],
                channel=step["channel"],
            )
            for step in steps
        )
        return events(timeline(entries), dossier["agency"])
