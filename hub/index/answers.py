"""Answers from the index: one dossier by its code. Hot reads use the plain driver."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import asyncpg

from contracts.codes import code_key
from contracts.dossier import Dossier
from hub.db import Database
from hub.index.history import entries
from hub.index.merge import Step, timeline
from hub.index.rows import agencies_of
from hub.index.steps import unpacked
from hub.index.summaries import COLUMNS, JOINS, STATUSES, Json, summary_json
from hub.registry import Registry
from hub.vault import Vault

# Not `code_key = $1 OR national_key = $1`: this way both sides are plain index look-ups.
FIND = f"""
    SELECT {COLUMNS.strip()}, CASE WHEN d.timeline_at = d.updated_at THEN d.timeline END AS steps
      FROM (SELECT * FROM dossier WHERE code_key = $1
             UNION ALL
            SELECT * FROM dossier WHERE national_key = $1 AND code_key <> $1) d
      {JOINS.strip()}
     ORDER BY d.updated_at DESC
     LIMIT 20
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
        found = []
        for row in rows:
            told = summary_json(row, self._registry, now)
            told["timeline"] = _timeline_json(await self._steps(row), row)
            found.append(told)
        return found

    async def _steps(self, row: asyncpg.Record) -> list[Step]:
        if row["steps"] is not None:
            return unpacked(row["steps"])
        # They were not kept with its last change.
        history = await entries(self._database, self._vault, row["id"], personal=False)
        return timeline(history, agencies_of(row))


def _timeline_json(steps: Iterable[Step], row: asyncpg.Record) -> list[Json]:
    """The list of contracts.dossier.StatusEvent; `row`: of FIND."""
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
