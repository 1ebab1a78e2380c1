"""Lists of dossiers: in the order of their last change, page by page."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from contracts.dossier import DossierPage, DossierSummary
from contracts.status import DossierStatus
from hub.db import Database
from hub.index.summaries import COLUMNS, JOINS, summary_json
from hub.registry import Registry
from hub.vault import Vault

_LIST = f"""
    SELECT {COLUMNS}
      FROM dossier d
      {JOINS}
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


class Lists:
    """What it gives holds no personal data."""

    def __init__(self, database: Database, registry: Registry, vault: Vault) -> None:
        self._database = database
        self._registry = registry
        self._vault = vault

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
            items=[DossierSummary.model_validate(summary_json(row, self._registry, now)) for row in shown],
            next_cursor=self._cursor(shown[-1]["updated_at"], shown[-1]["id"]) if more else None,
        )

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
