"""What came in, for people: each event with what was sent, what became of it and what it changed; and refused calls."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from hub.db import Database
from hub.vault import Vault

_COLUMNS = (
    "id, agency, webhook_id, state, problems::text AS problems, last_error, received_at, applied_at, batch, address"
)

# A list itself is shown as its events.
_LIST = f"""
    SELECT {_COLUMNS}
      FROM inbox
     WHERE ($1::text[] IS NULL OR agency = ANY($1)) AND state <> 'batch'
       AND ($2::text[] IS NULL OR state = ANY($2))
       AND ($3::timestamptz IS NULL OR received_at >= $3)
       AND ($4::bigint IS NULL OR (received_at, id) < (SELECT p.received_at, p.id FROM inbox p WHERE p.id = $4))
     ORDER BY received_at DESC, id DESC
     LIMIT $5
"""

_ONE = f"""
    SELECT {_COLUMNS}, place, body, headers, attempts, xid::text AS xid
      FROM inbox
     WHERE (agency, webhook_id) = ($1, $2)
"""

_LISTED_IN = "SELECT body, headers FROM inbox WHERE (agency, webhook_id) = ($1, $2)"

_OTHER_BODIES = "SELECT body, received_at FROM inbox_conflict WHERE inbox_id = $1 ORDER BY received_at"

_CHANGES = """
    SELECT d.code, c.kind, c.status_before, c.status_after
      FROM change c JOIN dossier d ON d.id = c.dossier_id
     WHERE c.xid = $1::text::xid8 AND c.correlation_id = $2
     ORDER BY c.seq
"""

_REFUSED = """
    SELECT id, agency, at, reason, status, problem::text AS problem, address, headers, body, body_bytes
      FROM refused_call
     WHERE agency = ANY($1) AND ($2::bigint IS NULL OR id < $2)
     ORDER BY id DESC
     LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class Came:
    """One event, as the inbox has it."""

    id: int
    agency: str
    webhook_id: str
    state: str
    problems: list[dict[str, Any]]
    last_error: str | None
    received_at: datetime
    applied_at: datetime | None
    #: The list that it came in.
    batch: str | None
    address: str | None


@dataclass(frozen=True, slots=True)
class Changed:
    """What an event changed."""

    code: str
    kind: str
    status_before: int | None
    status_after: int | None


@dataclass(frozen=True, slots=True)
class Sent:
    """One event with what was sent, and what it changed."""

    came: Came
    #: None once they are kept no more.
    headers: dict[str, str] | None
    body: bytes | None
    #: Where in the body it is, if that is a list.
    place: int | None
    attempts: int
    changes: list[Changed]
    #: What came under its name and says something else.
    others: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that was refused."""

    id: int
    agency: str
    at: datetime
    reason: str
    status: int
    #: contracts.problem.FieldProblem
    problem: dict[str, Any]
    address: str | None
    headers: dict[str, str]
    #: Its beginning.
    body: bytes
    body_bytes: int


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
    ) -> list[Came]:
        """The last ones first, those that came before the one of that number; of some agencies, or of all."""
        rows = await self._database.reads.fetch(
            _LIST, agencies and list(agencies), states and list(states), since, before, most
        )
        return [_came(row) for row in rows]

    async def one(self, agency: str, webhook_id: str) -> Sent | None:
        row = await self._database.reads.fetchrow(_ONE, agency, webhook_id)
        if row is None:
            return None
        whole = row
        if row["batch"] is not None:
            whole = await self._database.reads.fetchrow(_LISTED_IN, agency, row["batch"])
        changes = await self._database.reads.fetch(_CHANGES, row["xid"], webhook_id) if row["xid"] else []
        others = await self._database.reads.fetch(_OTHER_BODIES, row["id"])
        return Sent(
            _came(row),
            self._headers(whole["headers"]),
            whole["body"] and self._vault.open(whole["body"]),
            row["place"],
            row["attempts"],
            [Changed(*each) for each in changes],
            [self._vault.open(each["body"]) for each in others],
        )

    async def refused(self, agencies: Collection[str], *, before: int | None = None, most: int) -> list[Refusal]:
        """The last ones first."""
        rows = await self._database.reads.fetch(_REFUSED, list(agencies), before, most)
        return [
            Refusal(
                row["id"],
                row["agency"],
                row["at"],
                row["reason"],
                row["status"],
                orjson.loads(row["problem"]),
                row["address"],
                self._headers(row["headers"]) or {},
                self._vault.open(row["body"]) if row["body"] else b"",
                row["body_bytes"],
            )
            for row in rows
        ]

    def _headers(self, sealed: bytes | None) -> dict[str, str] | None:
        if sealed is None:
            return None
        headers: dict[str, str] = orjson.loads(self._vault.open(sealed))
        return headers


def _came(row: asyncpg.Record) -> Came:
    told = {name: row[name] for name in Came.__dataclass_fields__}
    return Came(**told | {"problems": orjson.loads(row["problems"] or "[]")})
