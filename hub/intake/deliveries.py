"""What came in, for people: each event with what was sent, what became of it and what it changed; and refused calls."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from contracts.deliveries import DeliveryChange, DeliveryDetail, DeliverySummary, RefusedCall
from contracts.status import DossierStatus
from hub.db import Database
from hub.vault import Vault

_COLUMNS = "i.id, i.agency, i.webhook_id, i.state, i.problems::text AS problems, i.received_at, i.applied_at, i.batch"

# A list itself is shown as its events. For each agency by itself, so that each is a short walk along its index: of
# several at once PostgreSQL would sort all that ever came.
_LATEST = f"""
    SELECT {_COLUMNS}
      FROM unnest($1::text[]) AS a (agency)
     CROSS JOIN LATERAL (
           SELECT *
             FROM inbox x
            WHERE x.agency = a.agency AND x.state <> 'batch'
              AND ($2::text[] IS NULL OR x.state = ANY($2))
              AND ($3::timestamptz IS NULL OR x.received_at >= $3)
              AND ($4::bigint IS NULL OR (x.received_at, x.id) < (SELECT p.received_at, p.id FROM inbox p
                                                                   WHERE p.id = $4))
            ORDER BY x.received_at DESC, x.id DESC
            LIMIT $5) i
     ORDER BY i.received_at DESC, i.id DESC
     LIMIT $5
"""

# A step along an index for each.
_AGENCIES = """
    WITH RECURSIVE found (agency) AS (
        SELECT min(agency) FROM inbox
         UNION ALL
        SELECT (SELECT min(x.agency) FROM inbox x WHERE x.agency > found.agency) FROM found WHERE agency IS NOT NULL)
    SELECT agency FROM found WHERE agency IS NOT NULL
"""


def _in_detail(chosen: str) -> str:
    """A statement for events with all that is known of each: `chosen` are their rows of the inbox. Body and headers are
    those of the list, for an event that came in one."""
    return f"""
        SELECT {_COLUMNS}, i.address, i.place, i.attempts, w.body, w.headers, c.changes, o.others
          FROM ({chosen}) i
          JOIN inbox w ON w.agency = i.agency AND w.webhook_id = coalesce(i.batch, i.webhook_id)
          LEFT JOIN LATERAL (
               SELECT json_agg(json_build_array(d.code, c.kind, c.status_before, c.status_after) ORDER BY c.seq)::text
                      AS changes
                 FROM change c JOIN dossier d ON d.id = c.dossier_id
                WHERE c.xid = i.xid AND c.correlation_id = i.webhook_id) c ON true
          LEFT JOIN LATERAL (
               SELECT array_agg(o.body ORDER BY o.received_at) AS others
                 FROM inbox_conflict o
                WHERE o.inbox_id = i.id AND o.body IS NOT NULL) o ON true
         ORDER BY i.received_at DESC, i.id DESC
    """


_ONE = _in_detail("SELECT * FROM inbox WHERE (agency, webhook_id) = ($1, $2) AND state <> 'batch'")
_NUMBERED = _in_detail("SELECT * FROM inbox WHERE id = $2 AND agency = $1 AND state <> 'batch'")
_LATEST_IN_DETAIL = _in_detail(
    "SELECT * FROM inbox WHERE agency = $1 AND state <> 'batch' ORDER BY received_at DESC, id DESC LIMIT $2"
)

_REFUSED = """
    SELECT id, agency, at, reason, status, problem::text AS problem, address, headers, body, body_bytes
      FROM refused_call
     WHERE agency = ANY($1) AND ($2::bigint IS NULL OR id < $2)
     ORDER BY id DESC
     LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that was refused, and the bytes of its body."""

    call: RefusedCall
    body: bytes


class Deliveries:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault

    async def latest(
        self,
        agencies: Collection[str] | None,
        *,
        states: Collection[str] | None = None,
        since: datetime | None = None,
        before: int | None = None,
        most: int,
    ) -> list[DeliverySummary]:
        """The last ones first, those that came before the one of that number; of some agencies, or of all."""
        if agencies is None:
            agencies = [row["agency"] for row in await self._database.reads.fetch(_AGENCIES)]
        rows = await self._database.reads.fetch(
            _LATEST, sorted(set(agencies)), states and list(states), since, before, most
        )
        return [DeliverySummary.model_validate(_told(row)) for row in rows]

    async def latest_in_detail(self, agency: str, *, most: int) -> list[DeliveryDetail]:
        """The last ones of an agency first."""
        return [self._detail(row) for row in await self._database.reads.fetch(_LATEST_IN_DETAIL, agency, most)]

    async def one(self, agency: str, webhook_id: str) -> DeliveryDetail | None:
        row = await self._database.reads.fetchrow(_ONE, agency, webhook_id)
        return None if row is None else self._detail(row)

    async def numbered(self, agency: str, number: int) -> DeliveryDetail | None:
        """The one of the hub's own number."""
        row = await self._database.reads.fetchrow(_NUMBERED, agency, number)
        return None if row is None else self._detail(row)

    async def refused(self, agencies: Collection[str], *, before: int | None = None, most: int) -> list[Refusal]:
        """The last ones first."""
        rows = await self._database.reads.fetch(_REFUSED, list(agencies), before, most)
        return [self._refusal(row) for row in rows]

    def _detail(self, row: asyncpg.Record) -> DeliveryDetail:
        return DeliveryDetail.model_validate(
            _told(row)
            | {
                "address": row["address"],
                "headers": self._headers(row["headers"]),
                "body": None if row["body"] is None else _text(self._vault.open(row["body"])),
                "place": row["place"],
                "attempts": row["attempts"],
                "changes": [_change(*each) for each in orjson.loads(row["changes"] or "[]")],
                "other_bodies": [_text(self._vault.open(each)) for each in row["others"] or ()],
            }
        )

    def _refusal(self, row: asyncpg.Record) -> Refusal:
        body = self._vault.open(row["body"]) if row["body"] else b""
        call = RefusedCall(
            number=row["id"],
            agency=row["agency"],
            at=row["at"],
            status=row["status"],
            reason=row["reason"],
            problem=orjson.loads(row["problem"]),
            address=row["address"],
            headers=self._headers(row["headers"]) or {},
            body=_text(body),
            body_bytes=row["body_bytes"],
        )
        return Refusal(call, body)

    def _headers(self, sealed: bytes | None) -> dict[str, str] | None:
        """None once they are kept no more."""
        if sealed is None:
            return None
        headers: dict[str, str] = orjson.loads(self._vault.open(sealed))
        return headers


def _told(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "number": row["id"],
        "agency": row["agency"],
        "id": row["webhook_id"],
        "state": row["state"],
        "problems": orjson.loads(row["problems"] or "[]") or [],
        "received_at": row["received_at"],
        "applied_at": row["applied_at"],
        "in_list": row["batch"],
    }


def _change(code: str, kind: str, before: int | None, after: int | None) -> DeliveryChange:
    return DeliveryChange(
        code=code,
        type=f"dossier.{kind}",
        status_before=DossierStatus.numbered(before),
        status_after=DossierStatus.numbered(after),
    )


def _text(body: bytes) -> str:
    return body.decode(errors="replace")
