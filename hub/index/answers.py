"""Answers from the index: one dossier by its code, and lists. Hot reads use the plain driver."""

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson

from contracts.agency import AgencySpec, Name
from contracts.codes import code_key
from contracts.dossier import (
    AgencyName,
    Dossier,
    DossierPage,
    DossierSummary,
    Procedure,
    Source,
    StatusEvent,
    StatusName,
)
from contracts.observation import Channel
from contracts.status import DossierStatus
from hub.db import Database
from hub.index.merge import Entry, timeline
from hub.registry import Registry
from hub.streams.freshness import freshness
from hub.vault import Vault

#: Of a dossier `d`, what `state_of` shows.
STATE_COLUMNS = """
    d.id, d.agency, d.code, d.status, d.procedure_code, d.procedure_name, d.submitted_at, d.received_at, d.due_at,
    d.finished_at, d.gone_at, d.observed_at, d.channel, d.updated_at
"""

_COLUMNS = f"""
    {STATE_COLUMNS.strip()}, s.covered_until, s.failures_in_a_row,
    greatest(d.observed_at, w.checked_at) AS heard_at
"""

# Not `code_key = $1 OR national_key = $1`: this way both sides are plain index look-ups.
_FIND = f"""
    SELECT {_COLUMNS}
      FROM (SELECT * FROM dossier WHERE code_key = $1
             UNION ALL
            SELECT * FROM dossier WHERE national_key = $1 AND code_key <> $1) d
      LEFT JOIN stream s ON (s.agency, s.kind) = (d.agency, 'pull')
      LEFT JOIN watch w ON w.dossier_id = d.id
     ORDER BY d.updated_at DESC
     LIMIT 20
"""

_STEPS = """
    SELECT dossier_id, digest, code, occurred_at, revision, settles, observed_at, channel,
           facts ->> 'status' AS status, facts ->> 'status_raw' AS raw
      FROM observation
     WHERE dossier_id = ANY($1) AND facts ? 'status'
"""

_LIST = f"""
    SELECT {_COLUMNS}
      FROM dossier d
      LEFT JOIN stream s ON (s.agency, s.kind) = (d.agency, 'pull')
      LEFT JOIN watch w ON w.dossier_id = d.id
     WHERE ($1::text IS NULL OR d.agency = $1)
       AND ($2::smallint IS NULL OR d.status = $2)
       AND (d.updated_at, d.id) > ($3, $4)
     ORDER BY d.updated_at, d.id
     LIMIT $5
"""

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class BadCursor(ValueError):
    """A cursor this hub did not give."""


@dataclass(frozen=True, slots=True)
class Filter:
    agency: str | None = None
    status: DossierStatus | None = None
    updated_since: datetime | None = None


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
                **self._summary(row, now),
                timeline=self._timeline(row, [s for s in steps if s["dossier_id"] == row["id"]]),
            )
            for row in rows
        ]

    async def page(self, wanted: Filter, cursor: str | None, limit: int) -> DossierPage:
        """Dossiers in the order in which the hub's answer about them changed. Raises BadCursor."""
        after = self._read_cursor(cursor) if cursor else (wanted.updated_since or _BEGINNING, 0)
        rows = await self._database.reads.fetch(
            _LIST, wanted.agency, wanted.status.number if wanted.status else None, *after, limit + 1
        )
        now = datetime.now(UTC)
        shown = rows[:limit]
        more = len(rows) > limit
        return DossierPage(
            items=[DossierSummary.model_construct(**self._summary(row, now)) for row in shown],
            next_cursor=self._cursor(shown[-1]["updated_at"], shown[-1]["id"]) if more else None,
        )

    def _summary(self, row: asyncpg.Record, now: datetime) -> dict[str, Any]:
        spec = self._registry.spec(row["agency"])
        fresh = freshness(
            spec,
            observed_at=row["heard_at"],
            covered_until=row["covered_until"],
            failures_in_a_row=row["failures_in_a_row"] or 0,
            now=now,
        )
        return state_of(row, self._registry) | {
            "checked_at": fresh.checked_at,
            "stale": fresh.stale,
            "stale_reason": fresh.stale_reason,
        }

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
        return [
            StatusEvent(
                status=StatusName.of(DossierStatus(step.status)),
                occurred_at=step.happened_at,
                observed_at=step.observed_at,
                source=Source(agency=dossier["agency"], channel=Channel(step.channel)),
                raw=step.raw,
            )
            for step in timeline(entries)
        ]

    def _cursor(self, updated_at: datetime, dossier_id: int) -> str:
        """Opaque and signed: a cursor nobody but this hub can make, so that none has to be trusted."""
        place = orjson.dumps([updated_at.isoformat(), dossier_id])
        return base64.urlsafe_b64encode(self._vault.digest(place)[:8] + place).decode().rstrip("=")

    def _read_cursor(self, cursor: str) -> tuple[datetime, int]:
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except (binascii.Error, ValueError):
            raise BadCursor from None
        mark, place = raw[:8], raw[8:]
        if mark != self._vault.digest(place)[:8]:
            raise BadCursor
        updated_at, dossier_id = orjson.loads(place)
        return datetime.fromisoformat(updated_at), dossier_id


def state_of(row: asyncpg.Record, registry: Registry) -> dict[str, Any]:
    """The fields of contracts.dossier.DossierState, from a row with STATE_COLUMNS."""
    return {
        "id": str(row["id"]),
        "code": row["code"],
        "agency": _agency_name(row["agency"], registry.spec(row["agency"])),
        "procedure": Procedure(code=row["procedure_code"], name=row["procedure_name"]),
        "status": StatusName.of(DossierStatus(str(row["status"]))) if row["status"] is not None else None,
        "submitted_at": row["submitted_at"],
        "received_at": row["received_at"],
        "due_at": row["due_at"],
        "finished_at": row["finished_at"],
        "gone_at": row["gone_at"],
        "observed_at": row["observed_at"],
        "source": Source(agency=row["agency"], channel=Channel(row["channel"])),
        "updated_at": row["updated_at"],
    }


def _agency_name(agency: str, spec: AgencySpec | None) -> AgencyName:
    """A dossier outlives its agency's entry in the config: it is still shown, under the bare id."""
    if spec is None:
        return AgencyName(id=agency, identifier=agency, name=Name(vi=agency, en=agency))
    return AgencyName(id=spec.id, identifier=spec.identifier, name=spec.name, phone=spec.phone)
