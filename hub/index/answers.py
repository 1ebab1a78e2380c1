"""Answers from the index: one dossier by its code. Hot reads use the plain driver."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

import asyncpg

from contracts.codes import code_key
from contracts.dossier import Dossier
from hub.db import Database
from hub.index.merge import Entry, timeline
from hub.index.packing import unpack
from hub.index.rows import agencies_of, entry_of
from hub.index.summaries import COLUMNS, JOINS, STATUSES, Json, summary_json
from hub.registry import Registry
from hub.vault import Vault

# Not `code_key = $1 OR national_key = $1`: this way both sides are plain index look-ups. The history comes along,
# column by column, because a second round trip would cost more than all the rest.
FIND = f"""
    SELECT {COLUMNS.strip()}, h.*, (SELECT packed FROM archive WHERE dossier_id = d.id) AS packed
      FROM (SELECT * FROM dossier WHERE code_key = $1
             UNION ALL
            SELECT * FROM dossier WHERE national_key = $1 AND code_key <> $1) d
      {JOINS.strip()}
      LEFT JOIN LATERAL (
            SELECT array_agg(digest) AS digests, array_agg(occurred_at) AS occurred, array_agg(revision) AS revisions,
                   array_agg(settles) AS settling, array_agg(observed_at) AS heard, array_agg(channel) AS channels,
                   array_agg(facts ->> 'status') AS statuses, array_agg(facts ->> 'status_raw') AS words,
                   array_agg(said_by) AS speakers
              FROM observation
             WHERE dossier_id = d.id AND facts ? 'status') h ON true
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
        return [summary_json(row, self._registry, now) | {"timeline": _timeline_json(row, self._vault)} for row in rows]


def _timeline_json(row: asyncpg.Record, vault: Vault) -> list[Json]:
    """The list of contracts.dossier.StatusEvent, from a row of FIND."""
    entries = list(_entries(row)) if row["digests"] is not None else []
    if row["packed"] is not None:
        entries += [entry_of(line | {"personal": None}, vault) for line in unpack(row["packed"])]
    agencies = agencies_of(row)
    return [
        {
            "status": STATUSES[int(step.status)],
            "occurred_at": step.happened_at,
            "observed_at": step.observed_at,
            "source": {"agency": step.said_by or agencies[0], "channel": step.channel},
            "raw": step.raw,
        }
        for step in timeline(entries, agencies)
    ]


def _entries(row: asyncpg.Record) -> Iterator[Entry]:
    """Of the lines of a row of FIND that tell a status, what a timeline needs."""
    lines = zip(
        *(row["digests"], row["occurred"], row["revisions"], row["settling"]),
        *(row["heard"], row["channels"], row["statuses"], row["words"], row["speakers"]),
        strict=True,
    )
    for digest, occurred_at, revision, settles, observed_at, channel, status, raw, said_by in lines:
        yield Entry(
            digest=digest,
            code=row["code"],
            occurred_at=occurred_at,
            revision=revision,
            settles=settles,
            facts={"status": status, "status_raw": raw},
            observed_at=observed_at,
            channel=channel,
            said_by=said_by,
        )
