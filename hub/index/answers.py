"""Answers from the index: one dossier by its code. Hot reads use the plain driver."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import asyncpg

from contracts.codes import code_key
from contracts.dossier import Dossier
from hub.db import Database
from hub.index.merge import Step, timeline
from hub.index.packing import unpack
from hub.index.rows import agencies_of, entry_of, steps_in
from hub.index.sql import HISTORY
from hub.index.summaries import COLUMNS, JOINS, STATUSES, Json, summary_json
from hub.registry import Registry
from hub.vault import Vault

# Not `code_key = $1 OR national_key = $1`: this way both sides are plain index look-ups.
FIND = f"""
    SELECT {COLUMNS.strip()}, d.steps
      FROM (SELECT * FROM dossier WHERE code_key = $1
             UNION ALL
            SELECT * FROM dossier WHERE national_key = $1 AND code_key <> $1) d
      {JOINS.strip()}
     ORDER BY d.updated_at DESC
     LIMIT 20
"""
_PACKED = "SELECT packed FROM archive WHERE dossier_id = $1"


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
        return [Dossier.model_validate(each) for each in await self.find_json(code)]

    async def find_json(self, code: str) -> list[Json]:
        """The same as orjson takes it."""
        key = code_key(code)
        if not key:
            return []
        rows = await self._database.hot.fetch(FIND, key)
        if self._shown:
            self._shown(row["id"] for row in rows)
        now = datetime.now(UTC)
        return [
            summary_json(row, self._registry, now) | {"timeline": _timeline_json(row, await self._steps(row))}
            for row in rows
        ]

    async def _steps(self, row: asyncpg.Record) -> Iterable[Step]:
        if row["steps"] is not None:
            return steps_in(row["steps"])
        # It was last written before rows told them.
        entries = [entry_of(line, self._vault) for line in await self._database.reads.fetch(HISTORY, [row["id"]])]
        if packed := await self._database.reads.fetchval(_PACKED, row["id"]):
            entries += [entry_of(line | {"personal": None}, self._vault) for line in unpack(packed)]
        return timeline(entries, agencies_of(row))


def _timeline_json(row: asyncpg.Record, steps: Iterable[Step]) -> list[Json]:
    """The list of contracts.dossier.StatusEvent, of a row of FIND."""
    first = agencies_of(row)[0]
    return [
        {
            "status": STATUSES[int(step.status)],
            "occurred_at": step.happened_at,
            "observed_at": step.observed_at,
            "source": {"agency": step.said_by or first, "channel": step.channel},
            "raw": step.raw,
        }
        for step in steps
    ]
